"""Which units are quoted, with meanings set by hand: a question points along the first axis."""

import numpy as np
import pytest

from executors.engines.reading.choice import (
    CLOSE,
    CONTEXT_CHARS_MAX,
    NEIGHBOUR_BONUS,
    RELEVANCE_MIN,
    UNIT_CHARS_MAX,
    UNITS_MAX,
    candidates,
    choose,
)
from executors.engines.reading.units import Unit, read_units

QUESTION = np.array([1.0, 0.0], dtype=np.float32)


def chosen(question: str, *passages: tuple[str, list[float]]) -> list[str]:
    """Choose among passages, each with the nearness of its units to the question."""
    found = candidates(question, read_units([text for text, _ in passages]))
    nearness = [near for _, each in passages for near in each]
    assert len(found) == len(nearness)
    meanings = [[near, (1 - near**2) ** 0.5] for near in nearness]
    return choose(found, QUESTION, np.array(meanings, dtype=np.float32))


def test_the_nearest_in_meaning_is_quoted_alone_if_nothing_comes_close() -> None:
    assert chosen("?", ("A.", [0.3]), ("B.", [0.8]), ("C.", [0.5])) == ["B."]


def test_what_comes_close_is_quoted_too_in_the_order_of_the_passages() -> None:
    close = 0.8 - CLOSE + 0.01
    assert chosen("?", ("A.", [close]), ("B.", [0.8]), ("C.", [close - 0.02])) == ["A.", "B."]


def test_no_more_than_three_are_quoted_and_equals_in_order() -> None:
    assert chosen("?", *((f"{name}.", [0.6]) for name in "ABCD")) == ["A.", "B.", "C."]


def test_below_the_least_relevance_nothing_is() -> None:
    assert chosen("?", ("A.", [RELEVANCE_MIN - 0.01])) == []
    assert chosen("?", ("A.", [RELEVANCE_MIN])) == ["A."]


def test_what_is_expected_does_not_make_a_unit_relevant() -> None:
    assert chosen("When?", ("In 1904.", [RELEVANCE_MIN - 0.01])) == []


def test_shared_words_raise_a_unit() -> None:
    assert chosen("quagga", ("A mill.", [0.5]), ("A quagga.", [0.42])) == ["A quagga."]


def test_rare_words_count_more_than_frequent_ones() -> None:
    passages = ["The mill is old.", "The mill is shut.", "The quagga is dead."]
    old, shut, dead = candidates("mill quagga", read_units(passages))
    assert dead.shared > old.shared == shut.shared > 0.0


def test_what_the_question_expects_raises_a_unit() -> None:
    passages = ("It was built by hand.", [0.6]), ("It was ready in 1904.", [0.5])
    assert chosen("When?", *passages, ("It is old.", [0.49])) == [
        "It was built by hand.",
        "It was ready in 1904.",
    ]


def test_a_neighbour_needs_to_come_less_close() -> None:
    far = 0.8 - CLOSE - NEIGHBOUR_BONUS / 2
    assert chosen("?", ("Up. On. In.", [far, 0.8, far])) == ["Up.", "On.", "In."]
    assert chosen("?", ("A.", [far]), ("B.", [0.8]), ("C.", [far])) == ["B."]


def test_a_text_is_quoted_once_and_no_part_of_it() -> None:
    assert chosen("?", ("A b c.", [0.7]), ("b c.", [0.7]), ("A b c.", [0.8])) == ["A b c."]


@pytest.mark.parametrize("difference", [0.0, 1e-7])
def test_a_difference_beyond_five_decimals_is_none(difference: float) -> None:
    passages = [(f"{name}.", [0.6]) for name in "ABC"]
    assert chosen("?", *passages, ("D.", [0.6 + difference])) == ["A.", "B.", "C."]


def test_the_meaning_of_a_unit_is_read_with_what_stands_around_it() -> None:
    first, second, third, other = candidates("?", read_units(["# Top\n\nUp. On. In.\n\nBy."]))
    assert first.context == "Top. Up. On."
    assert second.context == "Top. Up. On. In."
    assert third.context == "Top. On. In."
    assert other.context == "Top. By."


def test_what_stands_around_a_unit_is_bounded() -> None:
    long = "word " * 1_000
    units = [Unit(long, True, 0, long, follows=at > 0) for at in range(3)]
    longest = max(len(unit.context) for unit in candidates("?", units))
    assert longest <= UNIT_CHARS_MAX + 3 * CONTEXT_CHARS_MAX + 10


def test_of_very_many_units_those_with_most_shared_words_are_compared() -> None:
    texts = [f"A{at}." for at in range(UNITS_MAX + 50)] + ["The quagga."]
    found = candidates("Which quagga?", read_units(texts))
    assert [unit.text for unit in found] == [*texts[: UNITS_MAX - 1], "The quagga."]
