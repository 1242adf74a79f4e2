"""Language models over HTTP: the contract, the wire, and every way to be let down."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from executors.engines.engine import (
    Delta,
    Done,
    Emission,
    Engine,
    Fault,
    FirstToken,
    Request,
)
from executors.engines.http_client import Endpoint, Timeouts
from executors.engines.openai import OpenAI
from executors.engines.openai_request import Model, Tool
from tests.executors.engines.contract import EngineContract, batch, emissions
from tests.executors.engines.openai_server import EVENTS, LocalServer, Play, Seen, chunk, usual

KEY = "sk-canary-4711"
BODY = {"model": "m"}
SEARCH = Tool("search", "Looks things up.", {"type": "object", "properties": {"q": {}}})


def decode(id: int, prompt: object = "Hello", **args: object) -> Request:
    return Request(id, "decode", {"prompt": prompt, "temperature": 0, **args}, "run", "local")


def engine(url: str, model: Model | None = None, **times: float) -> OpenAI:
    timeouts = Timeouts(**{"connect_s": 2.0, "first_s": 5.0, "gap_s": 5.0, **times})
    tools = {SEARCH.name: SEARCH}
    return OpenAI(Endpoint(url, KEY, timeouts), model or Model("m"), 4, tools.get)


def spoken(asked: OpenAI, *requests: Request) -> Sequence[Emission]:
    async def scenario() -> Sequence[Emission]:
        try:
            await asked.start()
            return await emissions(asked, *requests)
        finally:
            await asked.stop()

    return asyncio.run(scenario())


def done(asked: OpenAI, request: Request) -> Done:
    end = spoken(asked, request)[-1]
    assert isinstance(end, Done), end
    return end


def fault(asked: OpenAI, request: Request) -> Fault:
    end = spoken(asked, request)[-1]
    assert isinstance(end, Fault), end
    assert KEY not in end.detail
    return end


def text(*pieces: str, finish: str | None = "stop") -> list[Any]:
    chunks: list[Any] = [chunk(BODY, {"content": piece}) for piece in pieces]
    return [*chunks, chunk(BODY, {}, finish), "[DONE]"] if finish else chunks


class TestOpenAI(EngineContract):
    @pytest.fixture(autouse=True)
    def with_a_server(self, server: LocalServer) -> None:
        self.server = server

    def make(self) -> Engine:
        return engine(self.server.url)

    def good(self) -> list[Request]:
        history = [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}]
        return [
            decode(1),
            decode(2, "Two", system="Be brief.", max_tokens=3, stop=["x"], seed=7),
            decode(3, None, messages=[*history, {"role": "user", "content": "3"}]),
            decode(4, tools=["search"]),
        ]

    def bad(self) -> list[Request]:
        return [
            decode(1, None),
            decode(2, 7),
            decode(3, "half a pair: \ud800"),
            decode(4, temperature=float("nan")),
            decode(5, temperature=True),
            decode(6, temperature=2.5),
            decode(7, max_tokens=0),
            decode(8, max_tokens=1.0),
            decode(9, stop=[""]),
            decode(10, stop="word"),
            decode(11, seed=2**63),
            decode(12, messages=[{"role": "root", "content": "x"}]),
            decode(13, messages="x"),
            decode(14, tools=["unheard of"]),
            Request(15, "prefill", {"prompt": "x"}, "run", "local"),
            Request(16, "embed", {"texts": []}, "run", "local"),
        ]


# --- what goes over the wire, and what comes back ---


def test_a_call_is_one_streamed_chat(server):
    request = decode(1, "Hello there", system="Be brief.", max_tokens=9, seed=3, stop=["\n"])
    first, *deltas, end = spoken(engine(server.url), request)
    assert isinstance(first, FirstToken)
    assert isinstance(end, Done)
    assert "".join(each.text for each in deltas if isinstance(each, Delta)) == end.outputs["text"]
    assert str(end.outputs["text"]).startswith("You said: Hello there (")
    assert end.usage.as_data() == {"tokens_in": 4, "tokens_out": 5, "tokens_cached": 3}
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


# --- abort and time ---


def test_closing_a_call_closes_its_connection(server):
    async def scenario() -> None:
        asked = engine(server.url)
        await asked.start()
        server.play(Play.events(*text("a", finish=None), stalls=True))
        stream = asked.run(batch(decode(1)))
        assert isinstance(await anext(stream), FirstToken)
        await stream.aclose()
        assert await asyncio.to_thread(server.gone.wait, 5)
        await asked.stop()

    asyncio.run(scenario())


def test_a_cancelled_call_closes_its_connection_while_it_waits(server):
    async def scenario() -> None:
        asked = engine(server.url)
        await asked.start()
        server.play(Play(media=EVENTS, stalls=True))
        task = asyncio.create_task(emissions(asked, decode(1)))
        assert await asyncio.to_thread(server.asked.wait, 5)
        task.cancel()
        await asyncio.wait([task])
        assert await asyncio.to_thread(server.gone.wait, 5)
        await asked.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "play",
    [
        Play(media=EVENTS, stalls=True),
        Play((b": alive\n\n",) * 3, media=EVENTS, stalls=True),
        Play.events(chunk(BODY, {"role": "assistant", "content": ""}), stalls=True),
    ],
    ids=["nothing", "signs of life alone", "a role alone"],
)
def test_a_first_token_that_does_not_come_in_time_is_a_passing_fault(server, play):
    server.play(play)
    found = fault(engine(server.url, first_s=0.05), decode(1))
    assert (found.code, found.transient) == ("engine-timeout", True)


def test_a_next_token_that_does_not_come_in_time_is_a_passing_fault(server):
    server.play(Play.events(*text("a", finish=None), stalls=True))
    found = fault(engine(server.url, gap_s=0.05), decode(1))
    assert (found.code, found.transient) == ("engine-timeout", True)


# --- being let down ---


@pytest.mark.parametrize(
    ("status", "code", "transient"),
    [
        (301, "engine-unavailable", False),
        (400, "bad-request", False),
        (401, "engine-unauthorised", False),
        (403, "engine-unauthorised", False),
        (404, "engine-unavailable", False),
        (408, "engine-timeout", True),
        (413, "context-overflow", False),
        (418, "bad-request", False),
        (422, "bad-request", False),
        (429, "engine-busy", True),
        (500, "engine-error", True),
        (502, "engine-unavailable", True),
        (503, "engine-unavailable", True),
        (504, "engine-timeout", True),
        (599, "engine-unavailable", True),
    ],
)
def test_a_refusal_means_what_the_table_says(server, status, code, transient):
    error = {"error": {"message": f"no \x1b[31m{KEY}\n" + "x" * 9_000, "type": "t"}}
    server.play(Play.of(error, status=status, headers={"Location": f"{server.url}/elsewhere"}))
    found = fault(engine(server.url), decode(1))
    assert (found.code, found.transient) == (code, transient)
    assert f"answered {status}" in found.detail
    assert found.detail.isprintable()
    assert len(found.detail) < 400
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
        "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
        "the request exceeds the available context size, try increasing it",
        "Input is too long (context_length_exceeded)",
    ],
)
def test_a_prompt_that_does_not_fit_is_told_from_other_bad_ones(server, message):
    server.play(Play.of({"error": {"message": message}}, status=400))
    assert fault(engine(server.url), decode(1)).code == "context-overflow"


def test_a_page_of_a_proxy_is_not_passed_on(server):
    server.play(Play((b"<html>secret place</html>",), status=502, media="text/html"))
    assert "secret" not in fault(engine(server.url), decode(1)).detail


def test_nobody_there_is_a_passing_fault():
    with LocalServer().up() as gone:
        url = gone.url
    found = fault(engine(url), decode(1))
    assert (found.code, found.transient) == ("engine-unavailable", True)


def test_an_endpoint_that_is_none_is_a_lasting_fault():
    found = fault(engine("gopher://nowhere"), decode(1))
    assert (found.code, found.transient) == ("engine-unavailable", False)


@pytest.mark.parametrize(
    "play",
    [
        Play((b"<html>hello</html>",), media="text/html"),
        Play((b"",), media=""),
        Play((b"{",), media="application/json"),
        Play((b"[]",), media="application/json"),
        Play.of({"choices": []}),
        Play.of({"choices": "x"}),
        Play.of({"choices": [{"index": 0, "message": {"content": 7}}]}),
        Play.events("no json"),
        Play.events("[1]"),
        Play.events('"x"'),
        Play.events({"choices": {"index": 0}}),
        Play.events({"choices": [7]}),
        Play.events({"choices": [{"index": 1, "delta": {"content": "x"}}]}),
        Play.events({"choices": [{"index": 0, "delta": {"content": ["x"]}}]}),
        Play.events({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": -1}]}}]}),
        Play((b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n',), media=EVENTS),
        Play((b"data: " + b"x" * (5 << 20),), media=EVENTS),
        Play((b"\x1f\x8b",), media=EVENTS, headers={"Content-Encoding": "gzip"}),
    ],
)
def test_what_is_not_understood_is_a_bad_reply(server, play):
    server.play(play)
    assert fault(engine(server.url), decode(1)).code == "bad-reply"


@pytest.mark.parametrize(
    "play",
    [
        Play.events(),
        Play.events("[DONE]"),
        Play.events(*text("a", finish=None)),
        Play.events(*text("a", finish=None), "[DONE]"),
        Play.events(*text("a", finish=None), cut=True),
        Play.events({"choices": []}),
    ],
    ids=["empty", "done alone", "ended", "done", "cut", "no choice"],
)
def test_half_a_reply_is_never_taken_for_a_whole_one(server, play):
    server.play(play)
    found = fault(engine(server.url), decode(1))
    assert (found.code, found.transient) == ("engine-error", True)


def test_a_stream_cut_at_any_byte_is_whole_or_a_passing_fault(server):
    stream = b"".join(Play.events(*text("a", "b")).chunks)
    finish = stream.index(b'"stop"')
    for at in range(0, len(stream), 7):
        server.play(Play((stream[:at],) if at else (), media=EVENTS, cut=True))
        end = spoken(engine(server.url), decode(1))[-1]
        if isinstance(end, Done):
            assert at > finish
            assert end.outputs["text"] == "ab"
        else:
            assert isinstance(end, Fault)
            assert (end.code, end.transient) == ("engine-error", True)


def test_a_finished_reply_that_lacks_its_last_mark_is_whole(server):
    server.play(Play.events(*text("a")[:-1], cut=True))
    assert done(engine(server.url), decode(1)).outputs == {"text": "a"}


def test_an_error_inside_a_stream_is_told_as_one(server):
    error = {"error": {"message": "maximum context length is 10", "code": 400}}
    server.play(Play.events(*text("a", finish=None), error))
    assert fault(engine(server.url), decode(1)).code == "context-overflow"
    server.play(Play.events({"error": {"message": f"boom {KEY}", "code": "weird"}}))
    found = fault(engine(server.url), decode(1))
    assert (found.code, found.transient) == ("engine-error", True)


@pytest.mark.parametrize(
    "play",
    [
        Play.events(*text("a", finish="content_filter")),
        Play.events(chunk(BODY, {"refusal": "I will not."}), chunk(BODY, {}, "stop")),
    ],
)
def test_a_reply_that_is_refused_is_no_reply(server, play):
    server.play(play)
    found = fault(engine(server.url), decode(1))
    assert (found.code, found.transient) == ("content-refused", False)


@pytest.mark.parametrize("arguments", ["{", "[]", "7", '{"a": NaN}'])
def test_arguments_of_a_tool_that_are_no_object_may_be_cured_by_asking_again(server, arguments):
    call = {"index": 0, "id": "c", "function": {"name": "search", "arguments": arguments}}
    server.play(Play.events(chunk(BODY, {"tool_calls": [call]}), chunk(BODY, {}, "tool_calls")))
    found = fault(engine(server.url), decode(1))
    assert (found.code, found.transient) == ("bad-reply", True)


def test_an_answer_longer_than_any_may_be_is_left_alone(server):
    server.play(Play((b": " + b"x" * 600 + b"\n",) * 10, media=EVENTS))
    endpoint = Endpoint(server.url, reply_bytes_max=5_000)
    assert fault(OpenAI(endpoint, Model("m")), decode(1)).code == "bad-reply"


def test_counts_that_are_none_are_zero(server):
    usage = {"prompt_tokens": -1, "completion_tokens": "x", "prompt_tokens_details": None}
    server.play(Play.events(*text("a")[:-1], {"choices": [], "usage": usage}, "[DONE]"))
    assert done(engine(server.url), decode(1)).usage.as_data() == {
        "tokens_in": 0,
        "tokens_out": 0,
        "tokens_cached": 0,
    }


def test_proxies_of_the_environment_are_not_used(server, monkeypatch):
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    done(engine(server.url), decode(1))


def test_the_key_is_in_nothing_that_is_shown(server):
    endpoint = Endpoint(server.url, KEY)
    assert KEY not in repr(endpoint)
    assert KEY not in json.dumps([repr(vars(engine(server.url)))])
