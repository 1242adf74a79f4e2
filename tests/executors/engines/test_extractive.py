"""The reader that quotes: its contract, and every rule of docs/extractive.md."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executors.engines.engine import Delta, Done, Emission, Engine, Fault, FirstToken, Request
from executors.engines.extractive import NO_ANSWER, PROMPT_CHARS_MAX, Extractive, read
from tests.executors.engines.contract import EngineContract, emissions

INSTRUCTION = "Answer from the passages only. Say so if they do not hold the answer."
OPENING = "The library opens at nine on weekdays."
FOUNDING = "The library was founded by Maria Holt in 1904."


def rag(question: str, *passages: str) -> str:
    """Write a prompt as the workflow `naive_rag` does."""
    numbered = "\n".join(f"[{number}] {text}" for number, text in enumerate(passages, 1))
    return f"{INSTRUCTION}\n\n{numbered}\n\nQuestion: {question}\n"


def decode(id: int, prompt: object, **args: object) -> Request:
    return Request(id, "decode", {"prompt": prompt, "system": None, **args}, "run", "local")


def spoken(prompt: object, **args: object) -> list[Emission]:
    return asyncio.run(emissions(Extractive(), decode(1, prompt, **args)))


def answered(prompt: str, **args: object) -> Done:
    done = spoken(prompt, **args)[-1]
    assert isinstance(done, Done)
    return done


def said(prompt: str, **args: object) -> Any:
    return answered(prompt, **args).outputs["text"]


class TestExtractive(EngineContract):
    def make(self) -> Engine:
        return Extractive()

    def good(self) -> list[Request]:
        return [
            decode(1, rag("When does the library open?", OPENING, FOUNDING)),
            decode(2, rag("Who founded the library?", OPENING, FOUNDING), max_tokens=4),
            decode(3, "", stop=None),
            decode(4, rag("Who founded the library?", FOUNDING), temperature=1.5, seed=7),
        ]

    def bad(self) -> list[Request]:
        return [
            decode(1, None),
            decode(2, "x" * (PROMPT_CHARS_MAX + 1)),
            decode(3, "half a pair: \ud800"),
            decode(4, "text", max_tokens=0),
            decode(5, "text", max_tokens=True),
            decode(6, "text", stop=[""]),
            decode(7, "text", stop="word"),
            Request(8, "decode", {}, "run", "local"),
            Request(9, "prefill", {"prompt": "text"}, "run", "local"),
            Request(10, "embed", {"texts": []}, "run", "local"),
        ]


# --- what it takes and gives ---


def test_it_names_itself_for_what_it_is() -> None:
    traits = Extractive().traits
    assert (traits.name, traits.kind) == ("extractive", "llm")
    assert "selects sentences, writes none" in traits.model
    assert traits.deterministic
    assert traits.batch_invariant


def test_the_prompt_is_read_before_the_first_word_and_the_words_make_the_text() -> None:
    first, *words, done = spoken(rag("When does the library open?", OPENING))
    assert isinstance(first, FirstToken)
    assert isinstance(done, Done)
    assert len(words) == 7
    assert "".join(word.text for word in words if isinstance(word, Delta)) == OPENING
    assert done.outputs == {"text": OPENING}


def test_tokens_are_words() -> None:
    prompt = rag("When does the library open?", OPENING)
    usage = answered(prompt).usage
    assert (usage.tokens_in, usage.tokens_out) == (len(prompt.split()), 7)
    assert answered(prompt, max_tokens=3).usage.tokens_out == 3


def test_max_tokens_ends_the_answer_after_so_many_words() -> None:
    prompt = rag("When does the library open?", OPENING)
    assert said(prompt, max_tokens=4) == "The library opens at"
    assert said(prompt, max_tokens=7) == said(prompt, max_tokens=100) == OPENING


def test_stop_ends_the_answer_before_the_first_of_its_texts() -> None:
    prompt = rag("When does the library open?", OPENING)
    assert said(prompt, stop=["weekdays", " at", "unsaid"]) == "The library opens"
    assert said(prompt, stop=["The"]) == ""


def test_how_it_would_be_sampled_changes_nothing() -> None:
    prompt = rag("When does the library open?", OPENING, FOUNDING)
    assert said(prompt) == said(prompt, temperature=2, seed=1, system="Be rude.")


def test_a_prompt_too_long_is_refused_with_its_length_and_a_cure() -> None:
    (fault,) = spoken("x" * (PROMPT_CHARS_MAX + 1))
    assert isinstance(fault, Fault)
    assert str(PROMPT_CHARS_MAX + 1) in fault.detail
    assert "fewer or shorter passages" in fault.detail


# --- how it reads a prompt ---


@pytest.mark.parametrize("label", ["Question:", "QUERY:", "q:", "  **Question:**", "Question:\n\n"])
def test_the_question_follows_its_label(label: str) -> None:
    assert read(f"[1] {FOUNDING}\n[2] {OPENING}\n\n{label} Who founded it?") == FOUNDING


def test_the_last_labelled_question_counts() -> None:
    prompt = f"Question: When does it open?\n[1] {FOUNDING} {OPENING}\nQuestion: Who founded it?"
    assert read(prompt) == FOUNDING


def test_without_a_label_the_last_question_counts() -> None:
    assert read(f"Is it late? Who founded the library?\n\n{OPENING}\n{FOUNDING}") == FOUNDING


def test_passages_may_follow_the_question() -> None:
    prompt = f"Question: Who founded the library?\nPassage: {FOUNDING}\nEarlier answer: {NO_ANSWER}"
    assert read(prompt) == FOUNDING


def test_the_earlier_answer_is_read_as_a_passage() -> None:
    prompt = f"Question: Who founded the library?\nPassage: {OPENING}\nEarlier answer: {FOUNDING}"
    assert read(prompt) == FOUNDING


def test_instructions_are_never_quoted() -> None:
    question = "Which passages hold the answer?"
    assert read(rag(question, OPENING)) == NO_ANSWER
    assert read(f"{INSTRUCTION}\n\n{OPENING}\n\nQuestion: {question}\n\nAnswer:") == NO_ANSWER


def test_a_number_out_of_turn_is_text() -> None:
    prompt = rag("Who founded the library?", f"See below.\n[7] {FOUNDING}", OPENING)
    assert read(prompt).endswith(FOUNDING)


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        " \n\n ",
        "?",
        "Question:",
        "Who?",
        "Tell me more.",
        f"[1] {OPENING}",
        f"[1] {OPENING}\n\nQuestion: ",
        "Question: When does it open?",
        rag("What is the capital of France?", OPENING, FOUNDING),
        rag("Which one of these is it?", OPENING),
    ],
)
def test_where_nothing_fits_it_says_so(prompt: str) -> None:
    assert read(prompt) == NO_ANSWER


# --- what it can quote ---


def test_wrapped_lines_are_joined() -> None:
    passage = (
        "The great hall was finished in\n1912 by a builder from York, who\nhad never built one."
    )
    assert read(rag("When was the great hall finished?", passage)) == " ".join(passage.split())


def test_abbreviations_initials_and_numbers_end_no_sentence() -> None:
    sentence = "Dr. A. J. Stone paid £4.50 for the manuscript at approx. 9.30 in the morning."
    passage = f"It rained. {sentence} Nobody else came."
    assert read(rag("Who paid for the manuscript?", passage)) == sentence


def test_headings_are_context_and_are_not_quoted() -> None:
    passage = (
        "## Garden\n\nIt is open until six in the evening.\n\n## Shop\n\nOpen until five each day."
    )
    garden = read(rag("Until when can I stay in the garden?", passage))
    assert garden == "It is open until six in the evening."
    assert read(rag("What is said of the garden?", "Garden\n\nRoses.")) == "Roses."
    titled = "Opening of the garden\n=====================\n\nAt six."
    assert read(rag("When is the opening of the garden?", titled)) == "At six."


def test_a_list_item_is_one_unit_without_its_bullet() -> None:
    passage = (
        "Rules:\n\n- Dogs. Keep them on\n  a lead.\n- Bicycles. Leave them outside.\n3) No fires."
    )
    assert read(rag("What about dogs?", passage)) == "Dogs. Keep them on a lead."
    assert read(rag("Are fires allowed?", passage)) == "No fires."


def test_a_table_row_is_one_unit_and_its_head_is_context() -> None:
    passage = (
        "| Day | Hours |\n|---|:--:|\n| Monday | closed |\n| Tuesday | 9 - 17 |\n\nCome and see us."
    )
    assert read(rag("What are the hours on Tuesday?", passage)) == "Tuesday | 9 - 17"


def test_page_numbers_and_running_titles_are_dropped_and_torn_sentences_mended() -> None:
    torn = "The comet was discovered by Anna Berg, who had been"
    passage = f"{torn}\n\nAnnual report\nPage 3\nawake all night."
    assert read(rag("Who discovered the comet?", passage)) == f"{torn} awake all night."


def test_other_scripts_are_read_too() -> None:
    chinese = "图书馆九点开门。我们关门早。"
    assert read(rag("Когда открывается музей?", "Музей открывается в девять.", chinese)) == (
        "Музей открывается в девять."
    )
    assert read(rag("Who was the senor in the cafe?", "Señor Ibáñez owns the café.")) == (
        "Señor Ibáñez owns the café."
    )


# --- how it chooses ---


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("Who painted the hall?", "The hall was painted by Ruth Eames.", "They painted the hall."),
        ("When is the hall shut?", "The hall is shut in August.", "The hall is shut to visitors."),
        ("Where is the old hall?", "The old hall is in Leeds.", "The old hall is big and grey."),
        ("How many seats has the hall?", "The hall has 90 seats.", "The hall has hard seats."),
        ("How long is the tour?", "The tour is two hours.", "The tour is tiring."),
        ("How far is the hall?", "The hall is 3 miles off.", "The hall is off the road."),
        ("How much does a tour cost?", "A tour costs £5.", "A tour costs members little."),
        (
            "How often is the hall cleaned?",
            "The hall is cleaned daily.",
            "The hall is cleaned well.",
        ),
        (
            "Why is the hall cold?",
            "The hall is cold because it is old.",
            "The hall is cold and dim.",
        ),
        (
            "How is the hall heated?",
            "The hall is heated by burning wood.",
            "The hall is heated now.",
        ),
        (
            "May dogs enter the hall?",
            "Dogs must not enter the hall.",
            "Dogs enter the hall happily.",
        ),
    ],
)
def test_the_question_says_what_kind_of_answer_is_expected(
    question: str, right: str, wrong: str
) -> None:
    assert read(rag(question, f"{wrong} {right}")) == right
    assert read(rag(question, f"{right} {wrong}")) == right


def test_what_the_question_says_itself_is_no_answer() -> None:
    passage = "In 1904 the library was small. It moved to the mill in 1931. Children like the mill."
    assert "1931" in read(rag("When did the library of 1904 move to the mill?", passage))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("Why was the bridge built?", "The bridge was constructed because the ferry sank."),
        ("Who wrote the letters?", "The letter was written by Ada Frost."),
        (
            "What was the cause of the electrical fault?",
            "A mouse chewed through the electricity cable.",
        ),
        ("When do stories begin?", "The story starts at noon."),
    ],
)
def test_forms_and_near_synonyms_of_a_word_count(asked: str, told: str) -> None:
    assert read(rag(asked, f"We serve tea and cake to everybody. {told}")) == told


def test_rare_words_weigh_more_than_frequent_ones() -> None:
    passage = "The museum sells cards. The museum has a stuffed quagga. The museum is shut."
    assert read(rag("What quagga is in the museum?", passage)) == "The museum has a stuffed quagga."


def test_a_continuation_brings_the_sentence_before_it() -> None:
    passage = (
        "The mill belonged to Jonas Reed. He sold the wheel in 1880. The roof is made of slate."
    )
    answer = read(rag("Who sold the wheel?", passage))
    assert answer == "The mill belonged to Jonas Reed. He sold the wheel in 1880."


def test_a_neighbour_with_what_is_expected_comes_along() -> None:
    passage = "The tower clock stopped in the night. Snow fell in March 1947. Tea is served."
    answer = read(rag("When did the tower clock stop?", passage))
    assert answer == "The tower clock stopped in the night. Snow fell in March 1947."


def test_an_answer_follows_the_question_it_stands_under() -> None:
    passage = "May I bring my own food? Picnics are fine on the lawn. The bell rings at five."
    assert "Picnics are fine on the lawn." in read(rag("May I bring my own food?", passage))


def test_earlier_passages_win_among_equals_and_quotes_keep_their_order() -> None:
    first, second = "The red lamp means danger.", "The red lamp means stop."
    assert read(rag("What does the red lamp mean?", first, second)) == f"{first} {second}"
    assert read(rag("What does the red lamp mean?", second, first)) == f"{second} {first}"


def test_no_more_than_three_units_are_quoted() -> None:
    passages = [f"The red lamp means {word}." for word in ("danger", "stop", "wait", "night")]
    assert read(rag("What does the red lamp mean?", *passages)) == " ".join(passages[:3])


def test_a_sentence_of_overlapping_passages_is_quoted_once() -> None:
    passages = (f"{OPENING} {FOUNDING}", f"{FOUNDING} {OPENING}", FOUNDING)
    assert read(rag("Who founded the library?", *passages)) == FOUNDING


# --- whatever it is given ---

PIECES = """
the library opens founded Maria Holt when who it 1904 at nine because . ? ! : | - # [1] [2] 3. Page
Question: Q: Answer: Context: é 图书馆。
"""
WORDS = st.sampled_from([*PIECES.split(), "\n", "\n\n", "\u2028", "\x0c", "| a | b |\n|---|---|\n"])
SENTENCES = st.lists(
    st.text("abcdefg hij éß图1", min_size=1).map(lambda text: f"The {text.strip()} opens."),
    min_size=1,
)


@given(passages=st.lists(SENTENCES.map(" ".join), min_size=1, max_size=4))
def test_every_answer_is_made_of_sentences_of_the_passages(passages: list[str]) -> None:
    answer = read(rag("When does the abc open?", *passages))
    folded = [" ".join(text.split()) for text in passages]
    for sentence in answer.replace("opens. ", "opens.\n").split("\n"):
        assert sentence == NO_ANSWER or any(sentence in text for text in folded)


@settings(deadline=None)
@given(prompt=st.lists(WORDS, max_size=60).map(" ".join) | st.text(max_size=200))
def test_any_text_has_an_answer_and_always_the_same(prompt: str) -> None:
    answer = read(prompt)
    assert answer
    assert answer == read(prompt)
    if answer != NO_ANSWER:
        assert set(answer.split()) <= set(prompt.replace("|", " | ").split()) | set(prompt.split())


@pytest.mark.parametrize(
    "piece", ["[", "?", "1.1", "x ", "- ", "# ", "|-", "...", "\n", "Q:\n", "[1] a\n", OPENING, "é"]
)
def test_a_huge_prompt_is_answered(piece: str) -> None:
    question = "\n\nQuestion: When does the library open 1.1?"
    prompt = "[1] " + piece * (200_000 // len(piece)) + question
    assert len(said(prompt)) <= len(prompt)
