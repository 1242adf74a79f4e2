"""What a question expects of its answer."""

import pytest

from executors.engines.reading.expectation import has_expected


@pytest.mark.parametrize(
    ("question", "has", "lacks"),
    [
        ("Who painted it?", "The hall was painted by Ruth Eames.", "They painted the hall."),
        ("When is it shut?", "The hall is shut in August.", "The hall is shut to visitors."),
        ("Where is it?", "The old hall is in Leeds.", "The old hall is big and grey."),
        ("How many seats has it?", "The hall has ninety seats.", "The hall has hard seats."),
        ("How long is the tour?", "The tour is two hours.", "The tour is tiring."),
        ("How often is it cleaned?", "It is cleaned every day.", "It is cleaned well."),
        ("Why is it cold?", "It is cold because it is old.", "It is cold and dim."),
        ("What made it burn?", "It burned, for the wood was dry.", "It burned to the ground."),
    ],
)
def test_the_question_word_tells_what_is_expected(question: str, has: str, lacks: str) -> None:
    assert has_expected(question, has)
    assert not has_expected(question, lacks)


def test_what_the_question_says_itself_is_not_what_it_expects() -> None:
    question = "When did the library of 1904 move?"
    assert not has_expected(question, "In 1904 the library was small.")
    assert has_expected(question, "The library of 1904 moved in 1931.")


def test_the_first_question_word_decides() -> None:
    assert has_expected("Why did he leave when it rained?", "He left because of the rain.")
    assert not has_expected("Why did he leave when it rained?", "He left in August.")


def test_where_nothing_is_expected_nothing_is_found() -> None:
    assert not has_expected("What is the hall like?", "It was built by Ruth Eames in 1904.")
