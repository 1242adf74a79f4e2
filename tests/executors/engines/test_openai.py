"""Language models over HTTP: the contract, and what goes over the wire."""

import asyncio

import pytest

from executors.engines.engine import Delta, Done, Engine, FirstToken
from executors.engines.openai_request import Model
from tests.executors.engines.contract import emissions
from tests.executors.engines.openai_calls import (
    BODY,
    KEY,
    decode,
    done,
    engine,
    fault,
    spoken,
    text,
)
from tests.executors.engines.openai_server import EVENTS, LocalServer, Play, Seen, chunk, usual
from tests.executors.engines.server_contracts import Chats


class TestOpenAI(Chats):
    @pytest.fixture(autouse=True)
    def with_a_server(self, server: LocalServer) -> None:
        self.server = server

    def make(self) -> Engine:
        return engine(self.server.url)


# --- what goes over the wire, and what comes back ---


def test_a_call_is_one_streamed_chat(server):
    request = decode(1, "Hello there", system="Be brief.", max_tokens=9, seed=3, stop=["\n"])
    first, *deltas, end = spoken(engine(server.url), request)
    assert isinstance(first, FirstToken)
    assert isinstance(end, Done)
    assert "".join(each.text for each in deltas if isinstance(each, Delta)) == end.outputs["text"]
    assert str(end.outputs["text"]).startswith("You said: Hello there (")
    assert end.usage.as_data() == {
        "tokens_in": 4,
        "tokens_out": 5,
        "tokens_cached": 3,
        "replies_cut": 0,
    }
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/v1/chat/completions")
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.body == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello there"},
        ],
        "temperature": 0,
        "max_tokens": 9,
        "stop": ["\n"],
        "seed": 3,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_what_is_not_listed_never_leaves(server):
    smuggled = {
        "chat_template": "{{ evil }}", "chat_template_kwargs": {"x": 1}, "extra_body": {"a": 1},
        "prompt_embeds": "x", "lora": "x", "logit_bias": {"1": 100}, "n": 9, "names": {"a": 1},
        "form": "text", "call": None, "min_items": 0, "best_of": 3, "guided_regex": "(a+)+",
    }  # fmt: skip
    message = {"role": "user", "content": "x", "name": "root", "audio": {"url": "http://a"}}
    done(engine(server.url), decode(1, messages=[message], **smuggled))
    (seen,) = server.seen
    assert set(seen.body) == {"model", "messages", "temperature", "stream", "stream_options"}
    assert seen.body["messages"][0] == {"role": "user", "content": "x"}


def test_an_earlier_tool_call_goes_out_as_the_api_has_it(server):
    messages = [
        {"role": "user", "content": "x"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "c1", "name": "search", "arguments": {"q": "é"}}],
        },
        {"role": "tool", "content": "found", "tool_call_id": "c1"},
    ]
    done(engine(server.url), decode(1, None, messages=messages))
    _, asked, told = server.seen[0].body["messages"]
    function = {"name": "search", "arguments": '{"q":"é"}'}
    assert asked["tool_calls"] == [{"id": "c1", "type": "function", "function": function}]
    assert told == messages[2]


def test_a_tool_that_is_asked_for_comes_with_its_arguments(server):
    end = done(engine(server.url), decode(1, tools=["search"]))
    call = {"id": "call_1", "name": "search", "arguments": {"q": "x"}}
    assert end.outputs == {"text": "", "tool_calls": [call]}
    assert server.seen[0].body["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "search",
                "description": "Looks things up.",
                "parameters": {"type": "object", "properties": {"q": {}}},
            },
        }
    ]


def test_a_model_that_can_be_is_held_to_the_schema_of_an_object(server):
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }
    model = Model("m", structured=True)
    done(engine(server.url, model), decode(1, form="json", schema=schema))
    done(engine(server.url, model), decode(1, form="json", schema={**schema, "required": ["a"]}))
    done(engine(server.url), decode(1, form="json", schema=schema))
    strict, loose, alone = (seen.body.get("response_format") for seen in server.seen)
    reply = {"name": "reply", "schema": schema, "strict": True}
    assert strict == {"type": "json_schema", "json_schema": reply}
    assert loose["json_schema"]["strict"] is False
    assert alone is None


def test_a_model_that_can_be_is_held_to_a_list(server):
    model = Model("m", structured=True)
    done(engine(server.url, model), decode(1, form="list", items=3, min_items=0, schema=None))
    asked = server.seen[0].body["response_format"]["json_schema"]
    items = {"type": "array", "items": {"type": "string"}, "maxItems": 3}
    assert asked["schema"]["properties"] == {"items": items}
    assert asked["strict"] is True


def test_plain_completions_take_a_prompt(server):
    asked = engine(server.url, Model("m", api="completions"))
    assert done(asked, decode(1, "once", system="Go on.")).outputs == {
        "text": "Then Go on.\n\nonce"
    }
    assert server.seen[0].path == "/v1/completions"
    assert server.seen[0].body["prompt"] == "Go on.\n\nonce"
    refused = fault(asked, decode(1, messages=[{"role": "user", "content": "x"}]))
    assert refused.code == "bad-request"
    assert len(server.seen) == 1


def test_an_answer_in_one_piece_is_taken_for_what_it_is(server):
    server.play(lambda seen: usual(Seen("POST", seen.path, "", {}, {**seen.body, "stream": False})))
    first, delta, end = spoken(engine(server.url), decode(1))
    assert isinstance(first, FirstToken)
    assert isinstance(delta, Delta)
    assert isinstance(end, Done)
    assert end.outputs["text"] == delta.text
    assert end.usage.tokens_out == 4


@pytest.mark.parametrize("stream", [True, False])
def test_a_reply_that_the_server_ended_at_its_bound_is_told_as_cut(server, stream):
    if not stream:
        server.play(
            lambda seen: usual(Seen("POST", seen.path, "", {}, {**seen.body, "stream": False}))
        )
    cut = done(engine(server.url), decode(1, "Hello there", max_tokens=2))
    assert len(cut.outputs["text"].split()) == cut.usage.tokens_out == 2
    assert cut.usage.replies_cut == 1
    assert done(engine(server.url), decode(2, "Hello there", max_tokens=99)).usage.replies_cut == 0


STOPS = ["1", "2", "3", "4", "END", "ND!"]


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        (["one E", "N", "D two"], "one "),
        (["one ", "END! two"], "one "),
        (["one EN", "E"], "one ENE"),
        (["one E", "N"], "one EN"),
        (["END"], ""),
    ],
)
def test_stop_strings_beyond_those_a_server_takes_end_the_text_all_the_same(server, pieces, told):
    server.play(Play.events(*text(*pieces)))
    *deltas, end = spoken(engine(server.url), decode(1, stop=STOPS))
    assert isinstance(end, Done)
    assert end.outputs["text"] == told
    assert "".join(each.text for each in deltas if isinstance(each, Delta)) == told
    assert server.seen[0].body["stop"] == STOPS[:4]


def test_a_stop_string_ends_an_answer_in_one_piece(server):
    server.play(lambda seen: usual(Seen("POST", seen.path, "", {}, {**seen.body, "stream": False})))
    end = done(engine(server.url), decode(1, "ab END cd", stop=STOPS))
    assert end.outputs["text"] == "You said: ab "


def test_what_a_model_says_to_itself_is_no_text(server):
    thought = chunk(BODY, {"reasoning_content": "hm"})
    server.play(Play.events(thought, thought, *text("yes")))
    assert [type(each).__name__ for each in spoken(engine(server.url), decode(1))] == [
        "FirstToken",
        "Delta",
        "Done",
    ]


def test_text_cut_anywhere_in_its_bytes_comes_whole(server):
    stream = b"".join(Play.events(*text("é☃", "\U0001f600")).chunks).replace(b"\n", b"\r\n")
    server.play(Play(tuple(stream[at : at + 1] for at in range(len(stream))), media=EVENTS))
    assert done(engine(server.url), decode(1)).outputs["text"] == "é☃\U0001f600"


def test_a_connection_is_used_again(server):
    async def scenario() -> None:
        asked = engine(server.url)
        await asked.start()
        for _ in range(3):
            await emissions(asked, decode(1))
        client = asked._http._client
        assert len(client._transport._pool.connections) == 1
        await asked.stop()

    asyncio.run(scenario())
