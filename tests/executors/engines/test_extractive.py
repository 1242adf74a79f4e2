"""The reader that quotes, with the real model of meaning: its contract, and what it answers."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executors.engines.engine import (
    Delta,
    Done,
    Emission,
    Engine,
    EngineFailed,
    Fault,
    FirstToken,
    Request,
)
from executors.engines.extractive import NO_ANSWER, PROMPT_CHARS_MAX, Extractive
from executors.engines.minilm import MiniLM
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


@dataclass(frozen=True)
class Reader:
    """An engine to be asked one thing after another."""

    engine: Extractive

    def spoken(self, prompt: object, **args: object) -> list[Emission]:
        return asyncio.run(emissions(self.engine, decode(1, prompt, **args)))

    def answered(self, prompt: str, **args: object) -> Done:
        done = self.spoken(prompt, **args)[-1]
        assert isinstance(done, Done)
        return done

    def said(self, prompt: str, **args: object) -> str:
        return str(self.answered(prompt, **args).outputs["text"])


@pytest.fixture(scope="module")
def model() -> Iterator[MiniLM]:
    model = MiniLM()
    yield model
    asyncio.run(model.stop())


@pytest.fixture(scope="module")
def reader(model: MiniLM) -> Reader:
    return Reader(Extractive(model.embed))


class TestExtractive(EngineContract):
    @pytest.fixture(autouse=True)
    def with_a_model(self, model: MiniLM) -> None:
        self.model = model

    def make(self) -> Engine:
        return Extractive(self.model.embed)

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


def test_it_names_itself_for_what_it_is(reader: Reader) -> None:
    traits = reader.engine.traits
    assert (traits.name, traits.kind) == ("extractive", "llm")
    assert "selects sentences, writes none" in traits.model
    assert traits.deterministic
    assert traits.batch_invariant


def test_without_a_model_of_meaning_it_does_not_start() -> None:
    async def scenario() -> None:
        model = MiniLM(package="no_such_package")
        with pytest.raises(EngineFailed, match="no_such_package") as caught:
            await Extractive(model.embed).start()
        assert caught.value.code == "engine-unavailable"
        await model.stop()

    asyncio.run(scenario())


def test_the_prompt_is_read_before_the_first_word_and_the_words_make_the_text(
    reader: Reader,
) -> None:
    first, *words, done = reader.spoken(rag("When does the library open?", OPENING))
    assert isinstance(first, FirstToken)
    assert isinstance(done, Done)
    assert len(words) == 7
    assert "".join(word.text for word in words if isinstance(word, Delta)) == OPENING
    assert done.outputs == {"text": OPENING}


def test_tokens_are_words(reader: Reader) -> None:
    prompt = rag("When does the library open?", OPENING)
    usage = reader.answered(prompt).usage
    assert (usage.tokens_in, usage.tokens_out) == (len(prompt.split()), 7)
    cut = reader.answered(prompt, max_tokens=3).usage
    assert (cut.tokens_out, cut.replies_cut) == (3, 1)
    assert reader.answered(prompt, max_tokens=7).usage.replies_cut == 0


def test_max_tokens_ends_the_answer_after_so_many_words(reader: Reader) -> None:
    prompt = rag("When does the library open?", OPENING)
    assert reader.said(prompt, max_tokens=4) == "The library opens at"
    assert reader.said(prompt, max_tokens=7) == reader.said(prompt, max_tokens=100) == OPENING


def test_stop_ends_the_answer_before_the_first_of_its_texts(reader: Reader) -> None:
    prompt = rag("When does the library open?", OPENING)
    assert reader.said(prompt, stop=["weekdays", " at", "unsaid"]) == "The library opens"
    assert reader.said(prompt, stop=["The"]) == ""


def test_how_it_would_be_sampled_changes_nothing(reader: Reader) -> None:
    prompt = rag("When does the library open?", OPENING, FOUNDING)
    assert reader.said(prompt) == reader.said(prompt, temperature=2, seed=1, system="Be rude.")


def test_a_summary_is_what_is_nearest_to_all_of_it_in_order(reader: Reader) -> None:
    parts = [
        f"{FOUNDING} {OPENING} Its readers may borrow books for a month.",
        "The library lends books and music. It rained in Peru.",
    ]
    prompt = "\n".join(f"[{number}] {text}" for number, text in enumerate(parts, 1))
    said = reader.said(f"{prompt}\n\nSummarise these parts in a few sentences.")
    assert said == parts[0]
    assert reader.said("Summarise this.") == NO_ANSWER


def test_a_prompt_too_long_is_refused_with_its_length_and_a_cure(reader: Reader) -> None:
    (fault,) = reader.spoken("x" * (PROMPT_CHARS_MAX + 1))
    assert isinstance(fault, Fault)
    assert str(PROMPT_CHARS_MAX + 1) in fault.detail
    assert "fewer or shorter passages" in fault.detail


# --- what it answers ---


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("Can I bring my dog?", "Pets are not allowed."),
        ("Who was in charge of the ship?", "Her captain was Jonas Reed."),
        ("What does it cost to get in?", "Tickets are four pounds, and two for children."),
        ("Why did people fall ill?", "The well had been poisoned by a tannery."),
    ],
)
def test_it_finds_what_is_said_in_other_words(reader: Reader, asked: str, told: str) -> None:
    others = "Tea and cake are served in the garden.", "The roof was mended with slate."
    assert told in reader.said(rag(asked, *others, told))


def test_a_heading_tells_what_the_sentences_under_it_are_about(reader: Reader) -> None:
    passage = (
        "## Garden\n\nOpen until six in the evening.\n\n## Shop\n\nOpen until five each day."
        "\n\n## Café\n\nOpen until four on Mondays."
    )
    answer = reader.said(rag("Until when may I stay in the garden?", passage))
    assert "Open until six in the evening." in answer
    assert "Garden" not in answer


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
        rag("How do I boil an egg?", OPENING, FOUNDING),
        rag("When does the library open?", NO_ANSWER),
    ],
)
def test_where_nothing_fits_it_says_so(reader: Reader, prompt: str) -> None:
    assert reader.said(prompt) == NO_ANSWER


def test_an_earlier_answer_that_there_is_none_is_not_quoted(reader: Reader) -> None:
    prompt = f"Question: Who founded it?\nPassage: {FOUNDING}\nEarlier answer: {NO_ANSWER}"
    assert reader.said(prompt) == FOUNDING


# --- whatever it is given ---

PIECES = """
the library opens founded Maria Holt when who it 1904 at nine because . ? ! : | - # [1] [2] 3. Page
Question: Q: Answer: Context: é 图书馆。
"""
WORDS = st.sampled_from([*PIECES.split(), "\n", "\n\n", "\u2028", "\x0c", "| a | b |\n|---|---|\n"])
SENTENCES = st.lists(
    st.text("abcdefg hij éß图1", min_size=1).map(lambda text: f"The {text.strip()} opens."),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=40)
@given(passages=st.lists(SENTENCES.map(" ".join), min_size=1, max_size=4))
def test_every_answer_is_made_of_sentences_of_the_passages(
    reader: Reader, passages: list[str]
) -> None:
    answer = reader.said(rag("When does the abc open?", *passages))
    folded = [" ".join(text.split()) for text in passages]
    for sentence in answer.replace("opens. ", "opens.\n").split("\n"):
        assert sentence == NO_ANSWER or any(sentence in text for text in folded)


@settings(deadline=None, max_examples=40)
@given(prompt=st.lists(WORDS, max_size=60).map(" ".join) | st.text(max_size=200))
def test_any_text_has_an_answer_and_always_the_same(reader: Reader, prompt: str) -> None:
    answer = reader.said(prompt)
    assert answer
    assert answer == reader.said(prompt)
    if answer != NO_ANSWER:
        assert set(answer.split()) <= set(prompt.replace("|", " | ").split()) | set(prompt.split())


@pytest.mark.parametrize("piece", ["?", "x ", "- ", "|-", "\n", "Q:\n", "[1] a\n", OPENING, "é"])
def test_a_huge_prompt_is_answered(reader: Reader, piece: str) -> None:
    question = "\n\nQuestion: When does the library open 1.1?"
    prompt = "[1] " + piece * (200_000 // len(piece)) + question
    assert len(reader.said(prompt)) <= len(prompt)
