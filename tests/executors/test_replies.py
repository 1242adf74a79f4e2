"""What a step is handed of a reply: items, an object, messages; and which replies are bad ones."""

import pytest

from executors.engines.engine import Fault, Request
from executors.replies import ListReply, complete

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": ["integer", "null"]}},
    "required": ["name"],
    "additionalProperties": False,
}


def completed(text, calls=(), **args):
    request = Request(7, "decode", {"prompt": "Hi", **args}, "run", "local")
    given = {"text": text} | ({"tool_calls": list(calls)} if calls else {})
    return complete(request, given)


def fault(text, **args) -> Fault:
    found = completed(text, **args)
    assert isinstance(found, Fault)
    assert found.request == 7
    return found


def test_a_text_is_the_last_message_of_the_conversation():
    earlier = [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}]
    found = completed("said", messages=earlier, prompt="3", system="never among them")
    assert found["text"] == "said"
    assert found["message"] == {"role": "assistant", "content": "said"}
    assert found["messages"] == [*earlier, {"role": "user", "content": "3"}, found["message"]]
    assert (found["items"], found["value"], found["tool_calls"]) == (None, None, [])


def test_without_a_prompt_the_conversation_ends_in_what_was_given():
    earlier = [{"role": "user", "content": "1"}]
    assert completed("2", messages=earlier, prompt=None)["messages"][:-1] == earlier


def test_tools_that_are_asked_for_are_in_the_message_too():
    call = {"id": "c1", "name": "search", "arguments": {"q": "x"}}
    found = completed("", [call])
    assert found["tool_calls"] == [call]
    assert found["message"] == {"role": "assistant", "content": "", "tool_calls": [call]}


def test_a_list_is_cut_at_the_items_asked_for_and_kept_when_shorter():
    assert completed('["a", "b", "c"]', form="list", items=2)["items"] == ["a", "b"]
    assert completed('["a"]', form="list", items=2)["items"] == ["a"]
    assert completed("- a\n- b", form="list", items=None)["items"] == ["a", "b"]


def test_what_stands_behind_the_items_asked_for_is_not_looked_at():
    assert completed('["a", {"b": oops', form="list", items=1)["items"] == ["a"]


def test_fewer_items_than_there_have_to_be_are_too_few():
    found = fault('["a", "cut o', form="list", min_items=2)
    assert (found.code, found.transient) == ("too-few-items", False)
    assert "1 items" in found.detail


def test_numbers_in_a_list_of_texts_are_written_as_text():
    assert completed("[1, 2.5, true]", form="list")["items"] == ["1", "2.5", "true"]


@pytest.mark.parametrize("reply", ['[{"a": 1}]', '[["a"], ["b"]]', '["a", null]', '["a", b]'])
def test_what_is_no_text_breaks_a_list_of_texts(reply):
    found = fault(reply, form="list")
    assert (found.code, found.transient) == ("bad-reply", True)


def test_items_with_a_schema_are_objects_that_meet_it():
    reply = '[{"name": "Ada"}, {"name": "Bob", "age": 3}]'
    assert completed(reply, form="list", schema=PERSON)["items"] == [
        {"name": "Ada"},
        {"name": "Bob", "age": 3},
    ]


@pytest.mark.parametrize(
    "reply", ['[{"name": 3}]', '["Ada"]', "Ada\nBob", '[{"name": "A", "x": 1}]']
)
def test_an_item_that_breaks_its_schema_may_be_cured_by_asking_again(reply):
    found = fault(reply, form="list", schema=PERSON)
    assert (found.code, found.transient) == ("bad-reply", True)
    assert "item 1" in found.detail


def test_the_first_object_of_a_reply_is_its_value():
    found = completed('Here: {"name": "Ada"} {"name": 3}', form="json", schema=PERSON)
    assert found["value"] == {"name": "Ada"}


@pytest.mark.parametrize(
    "reply", ["", "Ada", '{"name": "A', '{"age": 3}', '{"name": "A", "age": 1.5}']
)
def test_an_object_that_is_missing_or_breaks_its_schema_may_be_cured_by_asking_again(reply):
    found = fault(reply, form="json", schema=PERSON)
    assert (found.code, found.transient) == ("bad-reply", True)


def test_a_fault_says_where_and_is_short():
    found = fault('{"name": "A", "age": "' + "x" * 5_000 + '"}', form="json", schema=PERSON)
    assert "/age" in found.detail
    assert len(found.detail) < 400


def test_what_is_no_reply_is_left_alone():
    request = Request(1, "embed", {"texts": []}, "run", "local")
    assert complete(request, {"vectors": [1]}) == {"vectors": [1]}


def test_items_come_as_the_text_does_and_equal_those_of_the_whole():
    reply = ListReply({"items": 2})
    assert reply.feed('["a"') == []
    assert reply.feed(', "b') == ["a"]
    assert not reply.full
    assert reply.feed('", "c"') == ["b"]
    assert reply.full
    assert reply.feed(', "d"]') == reply.end() == []
