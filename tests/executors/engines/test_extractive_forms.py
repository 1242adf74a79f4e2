"""What the reader makes of lists, objects and conversations: by rules, out of what it is given."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executors.engines.engine import Done, Fault, Request
from executors.engines.extractive import NO_ANSWER, Extractive
from executors.engines.minilm import MiniLM
from executors.engines.reading.queries import queries
from executors.replies import complete
from tests.executors.engines.contract import answers

FOUNDING = "The library was founded by Maria Holt in 1904."
OPENING = "The library opens at nine on weekdays."
PETS = "Pets are not allowed in the library."
BOOKS = f"[1] {FOUNDING}\n[2] {OPENING}\n[3] {PETS}\n\nQuestion: Who founded the library?"

Ask = Callable[..., Done | Fault]


def fields(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Ask the reader once and see its reply completed, as a run does."""
    model = MiniLM()

    def once(prompt: str | None, **args: Any) -> Done | Fault:
        request = Request(1, "decode", {"prompt": prompt, **args}, "run", "local")
        end = asyncio.run(answers(Extractive(model.embed), request))[1]
        if isinstance(end, Fault):
            return end
        outputs = complete(request, end.outputs)
        return outputs if isinstance(outputs, Fault) else Done(1, outputs, end.usage)

    yield once
    asyncio.run(model.stop())


def items(end: Done | Fault) -> list[Any]:
    assert isinstance(end, Done), end
    found: list[Any] = end.outputs["items"]
    return found


def value(end: Done | Fault) -> dict[str, Any]:
    assert isinstance(end, Done), end
    found: dict[str, Any] = end.outputs["value"]
    return found


def test_a_list_about_a_question_is_queries_made_of_its_words(ask):
    prompt = "Write 4 search queries for: When does the old library open on weekdays?"
    assert items(ask(prompt, form="list", items=4)) == [
        "When does the old library open on weekdays",
        "old library open weekdays",
        "library open weekdays",
        "old open weekdays",
    ]


def test_a_list_about_a_topic_is_made_of_the_topic(ask):
    assert items(ask("Write 2 queries for: flights to Rome", form="list", items=2)) == [
        "flights to Rome",
        "flights Rome",
    ]


def test_a_list_is_shorter_where_there_are_no_more_words(ask):
    assert items(ask("Write 5 queries for: mills", form="list", items=5)) == ["mills"]


def test_a_list_about_passages_is_their_foremost_sentences_in_order(ask):
    found = items(ask(BOOKS, form="list", items=2))
    assert len(found) == 2
    assert FOUNDING in found
    assert set(found) < {FOUNDING, OPENING, PETS}


def test_items_with_a_schema_are_objects_made_of_one_query_each(ask):
    schema = fields(query={"type": "string"}, kind={"enum": ["web", "book"]})
    found = items(ask("Write 2 queries for: flights to Rome", form="list", items=2, schema=schema))
    assert found == [
        {"query": "flights to Rome", "kind": "web"},
        {"query": "flights Rome", "kind": "web"},
    ]


def test_an_object_holds_what_was_found(ask):
    schema = fields(
        answer={"type": "string"}, year={"type": "integer"}, known={"type": "boolean"},
        needs_search={"type": "boolean"}, search_query={"type": "string"},
        quotes={"type": "array", "items": {"type": "string"}},
    )  # fmt: skip
    found = value(ask(BOOKS, form="json", schema=schema))
    assert FOUNDING in found["answer"]
    assert (found["year"], found["known"], found["needs_search"]) == (1904, True, False)
    assert found["search_query"] == "Who founded the library"
    assert FOUNDING in found["quotes"]


def test_where_nothing_was_found_the_object_says_so(ask):
    schema = fields(
        needs_search={"type": "boolean"}, answered={"type": "boolean"},
        year={"type": ["integer", "null"]}, query={"type": "string"},
    )  # fmt: skip
    prompt = f"Question: Who holds the record?\nDraft: {NO_ANSWER}"
    assert value(ask(prompt, form="json", schema=schema)) == {
        "needs_search": True,
        "answered": False,
        "year": None,
        "query": "Who holds the record",
    }


def test_a_field_that_may_be_left_out_is_where_nothing_is_known(ask):
    schema = {**fields(a={"type": "string"}, n={"type": "integer"}), "required": ["a"]}
    assert value(ask("Who?", form="json", schema=schema)) == {"a": ""}


def test_a_choice_is_what_is_mentioned_most_of_equals_the_first(ask):
    schema = fields(label={"enum": ["spam", "invoice", "other"]})
    mail = "Sort this mail as spam, invoice or other: Please pay the invoice of 300 pounds."
    assert value(ask(mail, form="json", schema=schema)) == {"label": "invoice"}
    assert value(ask("What is it?", form="json", schema=schema)) == {"label": "spam"}


def test_limits_of_numbers_texts_and_lists_are_kept(ask):
    schema = fields(
        year={"type": "integer", "maximum": 1900}, answer={"type": "string", "maxLength": 11},
        two={"type": "array", "items": {"type": "integer"}, "minItems": 2},
        inner=fields(more={"type": "number", "minimum": 3}),
        some={"anyOf": [{"type": "boolean"}, {"type": "string"}]}, fixed={"const": 7},
    )  # fmt: skip
    found = value(ask(BOOKS, form="json", schema=schema))
    assert (found["year"], found["answer"]) == (1900, "The library")
    assert found["two"] == [1904, 1904]
    assert found["inner"] == {"more": 1904}
    assert (found["some"], found["fixed"]) == (True, 7)


def test_a_schema_beyond_the_rules_is_refused_and_not_for_a_while(ask):
    schema = fields(code={"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"})
    end = ask(BOOKS, form="json", schema=schema)
    assert isinstance(end, Fault)
    assert (end.code, end.transient) == ("bad-request", False)
    assert "code" in end.detail


def test_a_conversation_is_answered_from_what_was_said_before(ask):
    said = [
        {"role": "user", "content": f"{FOUNDING} {OPENING}"},
        {"role": "assistant", "content": "Noted."},
    ]
    end = ask("Who founded the library?", messages=said)
    assert isinstance(end, Done)
    assert FOUNDING in end.outputs["text"]
    assert end.outputs["messages"][:2] == said
    assert end.outputs["messages"][-1] == end.outputs["message"]


def test_without_a_prompt_the_last_message_is_asked(ask):
    said = [
        {"role": "tool", "content": FOUNDING, "tool_call_id": "c"},
        {"role": "user", "content": "Who founded the library?"},
    ]
    end = ask(None, messages=said)
    assert isinstance(end, Done)
    assert end.outputs["text"] == FOUNDING


def test_a_conversation_is_answered_from_the_passages_of_its_system_prompt(ask):
    system = f"You are a helpful librarian. These may help:\n[1] {PETS}\n[2] {OPENING}"
    said = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day."}]
    end = ask("When does it open?", messages=said, system=system)
    assert isinstance(end, Done)
    assert end.outputs["text"] == OPENING
    assert end.usage.tokens_in == len(
        f"{PETS} {OPENING} Hello Good day. When does it open?".split()
    )


@pytest.mark.parametrize(
    "args", [{"messages": "x"}, {"messages": [{"role": "root", "content": "x"}]}, {"messages": [1]}]
)
def test_what_is_no_conversation_is_refused(ask, args):
    end = ask("x", **args)
    assert isinstance(end, Fault)
    assert end.code == "bad-request"


@given(question=st.text(max_size=80), count=st.integers(1, 12))
def test_queries_are_different_and_hold_words_of_the_question_alone(question, count):
    found = queries(question, count)
    assert len({query.casefold() for query in found}) == len(found) <= count
    assert all(word in question for query in found for word in query.split())


TYPES = st.sampled_from(
    [
        {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "boolean"},
        {"type": ["string", "null"]}, {"enum": ["a", "b", None]}, {"type": "array"},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
        {"type": "integer", "minimum": 3, "maximum": 9}, {"type": "string", "minLength": 1},
    ]
)  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(properties=st.dictionaries(st.sampled_from("abcdef"), TYPES), prompt=st.text(max_size=99))
def test_any_plain_schema_is_met(ask, properties, prompt):
    end = ask(prompt, form="json", schema=fields(**properties))
    assert set(value(end)) == set(properties)
    assert orjson.loads(end.outputs["text"]) == value(end)
