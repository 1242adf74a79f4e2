"""What a prompt asks, and about which passages."""

import pytest

from executors.engines.reading.prompt import Asked, numbered, read_prompt

INSTRUCTION = "Answer from the passages only. Say so if they do not hold the answer."
OPENING = "The library opens at nine on weekdays."
FOUNDING = "The library was founded by Maria Holt in 1904."


@pytest.mark.parametrize("label", ["Question:", "QUERY:", "q:", "  **Question:**", "Question:\n\n"])
def test_the_question_follows_its_label(label: str) -> None:
    asked = read_prompt(f"[1] {FOUNDING}\n[2] {OPENING}\n\n{label} Who founded it?")
    assert asked == Asked("Who founded it?", (FOUNDING, OPENING))


def test_the_last_labelled_question_counts() -> None:
    prompt = f"Question: When does it open?\n[1] {FOUNDING} {OPENING}\nQuestion: Who founded it?"
    assert read_prompt(prompt) == Asked("Who founded it?", (f"{FOUNDING} {OPENING}",))


def test_without_a_label_the_last_question_counts() -> None:
    asked = read_prompt(f"Is it late? Who founded the library?\n\n{OPENING}\n{FOUNDING}")
    assert asked.question == "Who founded the library?"
    assert OPENING in "\n".join(asked.passages)


def test_passages_may_follow_the_question() -> None:
    prompt = f"Question: Who founded it?\nPassage: {OPENING}\nEarlier answer: {FOUNDING}"
    assert read_prompt(prompt) == Asked("Who founded it?", (OPENING, FOUNDING))


def test_instructions_are_no_passage() -> None:
    question = "Which passages hold the answer?"
    prompts = (
        f"{INSTRUCTION}\n\n[1] {OPENING}\n\nQuestion: {question}\n",
        f"{INSTRUCTION}\n\n{OPENING}\n\nQuestion: {question}\n\nAnswer:",
    )
    for prompt in prompts:
        assert read_prompt(prompt) == Asked(question, (OPENING,))


@pytest.mark.parametrize("draft", ["", FOUNDING])
def test_an_instruction_on_the_line_below_a_passage_is_none_of_it(draft: str) -> None:
    last = "Give a better answer, or the same one if the passage does not help."
    prompt = f"Question: Who founded it?\nPassage: {OPENING}\nEarlier answer: {draft}\n{last}\n"
    assert read_prompt(prompt).passages == (OPENING, draft)[: 1 + bool(draft)]


def test_a_last_paragraph_may_ask_for_a_summary() -> None:
    said = f"[1] {FOUNDING} Is it open?\n[2] {OPENING}"
    for last in ("Summarise these parts. Tell what matters most.", "Please sum up."):
        asked = read_prompt(f"{said}\n\n{last}\n\n")
        assert asked == Asked("", (f"{FOUNDING} Is it open?", OPENING), summary=True)
    assert not read_prompt(f"{said}\n\nQuestion: Who?\n\nSum up.").summary
    assert not read_prompt("We sum up.").summary


def test_numbered_passages_are_found_where_nothing_is_asked() -> None:
    assert numbered(f"These may help:\n[1] {OPENING}\n[2] {FOUNDING}") == (OPENING, FOUNDING)
    assert numbered("Is it late?") == ()


def test_a_number_out_of_turn_is_text() -> None:
    asked = read_prompt(f"[1] See below.\n[7] {FOUNDING}\n[2] {OPENING}\nQuestion: Who?")
    assert asked.passages == (f"See below.\n[7] {FOUNDING}", OPENING)


@pytest.mark.parametrize("prompt", ["", " \n\n ", "Question:", "Tell me more.", f"[1] {OPENING}"])
def test_a_prompt_may_ask_nothing(prompt: str) -> None:
    assert read_prompt(prompt).question == ""
