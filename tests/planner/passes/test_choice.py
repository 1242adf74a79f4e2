"""Who has the last word on a pass: the service's off, the request, the workflow, the default."""

import pytest

from planner.passes.choice import NO_CHOICE, Choice, are_on, choose
from planner.passes.names import COMMON, DEFAULT, NAMES, SPECULATE

OFF, ON = Choice(off=frozenset({COMMON})), Choice(on=frozenset({COMMON}))


def test_where_nobody_says_anything_the_default_holds():
    found = choose(NO_CHOICE)
    assert are_on(found) == DEFAULT
    assert list(found) == list(NAMES)
    assert {each.by for each in found.values()} == {"default"}


@pytest.mark.parametrize(
    ("workflow", "request_", "service", "is_on", "by"),
    [
        (ON, ON, OFF, False, "service"),
        (OFF, ON, ON, True, "request"),
        (ON, OFF, ON, False, "request"),
        (OFF, NO_CHOICE, ON, False, "workflow"),
        (ON, NO_CHOICE, NO_CHOICE, True, "workflow"),
        (NO_CHOICE, NO_CHOICE, ON, True, "service"),
        (NO_CHOICE, NO_CHOICE, NO_CHOICE, True, "default"),
    ],
)
def test_the_first_that_says_something_decides(workflow, request_, service, is_on, by):
    found = choose(workflow, request_, service)
    assert (found[COMMON].is_on, found[COMMON].by) == (is_on, by)
    assert not found[SPECULATE].is_on


def test_only_these_means_no_others():
    only = Choice.only(iter([COMMON]))
    assert (only.on, only.off) == ({COMMON}, set(NAMES) - {COMMON})
