"""The list of mutants names what is there."""

from tests.mutations.listed import listed


def test_every_guard_that_is_listed_is_there_once():
    mutants = listed()
    assert len({each.key for each in mutants}) == len(mutants) == 12
