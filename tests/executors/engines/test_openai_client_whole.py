"""What we read from a stream is what the official client reads from the whole answer."""

import json

import pytest

from executors.engines.engine import Done, Fault
from tests.executors.engines.official_client import (
    CHATS,
    USER,
    chatting,
    completing,
    end_of_call,
    equal_but_for_streaming,
    official,
    ours,
    unstreamed,
    used,
)
from tests.executors.engines.openai_server import Play, Seen, answered, usual

TEXTS = [
    "Was ist das? ☃",
    "日本語 テキスト",
    "\U0001f469\u200d\U0001f467 e\u0301",
    "a\u2028b \x85c \r\n\r\ndata: d \x00",
]
SPOKEN = [({"prompt": text}, {"messages": [{**USER, "content": text}]}) for text in TEXTS]
COMPLETED = [*({"prompt": text} for text in TEXTS), {"prompt": "one two three", "max_tokens": 2}]


def all_at_once(seen: Seen) -> Play:
    """Answer as a server does that does not stream, whatever it is asked."""
    return usual(unstreamed(seen))


def fits(end: Done | Fault, finish: str) -> bool:
    """Say whether a call ended as the official client says that the answer did."""
    if isinstance(end, Fault):
        return (end.code, finish) == ("content-refused", "content_filter")
    return finish in ({"tool_calls"} if "tool_calls" in end.outputs else {"stop", "length"})


def called(message) -> list[dict[str, object]]:
    calls = [(each.id, each.function) for each in message.tool_calls or ()]
    return [
        {"id": id, "name": function.name, "arguments": json.loads(function.arguments)}
        for id, function in calls
    ]


@pytest.mark.parametrize("serve", [usual, all_at_once])
@pytest.mark.parametrize(("args", "asked"), [*CHATS, *SPOKEN])
def test_a_chat_is_the_same_whole(server, args, asked, serve):
    server.play(serve)
    end = ours(chatting(server), "decode", **args)
    with official(server) as client:
        found = client.chat.completions.create(model="m", **asked)
    equal_but_for_streaming(server)
    (choice,) = found.choices
    assert end.outputs["text"] == (choice.message.content or "")
    assert end.outputs.get("tool_calls", []) == called(choice.message)
    assert fits(end, choice.finish_reason)
    assert end.usage == used(found.usage, choice.finish_reason)


@pytest.mark.parametrize("serve", [usual, all_at_once])
@pytest.mark.parametrize("args", COMPLETED)
def test_a_plain_completion_is_the_same_whole(server, args, serve):
    server.play(serve)
    end = ours(completing(server), "decode", **args)
    with official(server) as client:
        found = client.completions.create(model="m", **args)
    equal_but_for_streaming(server)
    (choice,) = found.choices
    assert end.outputs == {"text": choice.text}
    assert fits(end, choice.finish_reason)
    assert end.usage == used(found.usage, choice.finish_reason)


def test_several_tool_calls_are_the_same_whole(server):
    function = {"name": "search", "arguments": json.dumps({"q": "☃ 👩"})}
    calls = [{"id": f"c{at}", "type": "function", "function": function} for at in range(3)]
    message = {"content": "I look it up ☃", "tool_calls": calls}
    for serve in (lambda seen: seen, unstreamed, lambda seen: seen):
        server.play(lambda seen, serve=serve: answered(serve(seen).body, message, "tool_calls"))
    streamed, whole = (ours(chatting(server), "decode", prompt="x") for _ in range(2))
    with official(server) as client:
        found = client.chat.completions.create(model="m", messages=[{**USER, "content": "x"}])
    said = found.choices[0].message
    assert streamed.outputs == {"text": said.content, "tool_calls": called(said)}
    assert whole.outputs == streamed.outputs
    assert streamed.usage == whole.usage == used(found.usage, "tool_calls")


@pytest.mark.parametrize("form", [lambda seen: seen, unstreamed], ids=["streamed", "whole"])
def test_an_answer_that_was_filtered_is_one_for_both(server, form):
    server.play(*[lambda seen: answered(form(seen).body, {"content": "I"}, "content_filter")] * 2)
    end = end_of_call(chatting(server), "decode", prompt=USER["content"])
    with official(server) as client:
        found = client.chat.completions.create(model="m", messages=[USER])
    equal_but_for_streaming(server)
    assert fits(end, found.choices[0].finish_reason)
    assert end.usage == used(found.usage, found.choices[0].finish_reason)


@pytest.mark.parametrize("form", [lambda seen: seen, unstreamed], ids=["streamed", "whole"])
def test_a_refusal_is_one_for_both(server, form):
    message = {"content": None, "refusal": "I won't ☃"}
    server.play(*[lambda seen: answered(form(seen).body, message, "stop")] * 2)
    end = end_of_call(chatting(server), "decode", prompt=USER["content"])
    with official(server) as client:
        found = client.chat.completions.create(model="m", messages=[USER])
    equal_but_for_streaming(server)
    assert isinstance(end, Fault)
    assert end.code == "content-refused"
    assert found.choices[0].message.refusal in end.detail
