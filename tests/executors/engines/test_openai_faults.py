"""Language models over HTTP that are left, that are late, and that answer with something else."""

import asyncio
import json

import pytest

from executors.engines.engine import Done, Fault, FirstToken
from executors.engines.http_client import Endpoint
from executors.engines.openai import OpenAI
from executors.engines.openai_request import Model
from executors.engines.server_errors import WAIT_S_MAX, wait_of
from tests.executors.engines.contract import batch, emissions
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
from tests.executors.engines.openai_server import EVENTS, LocalServer, Play, chunk

SERVED = "Thu, 26 Nov 2026 08:00:00 GMT"

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
        "replies_cut": 0,
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


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "86400"}, WAIT_S_MAX),
        ({"Retry-After": "9" * 5_000}, WAIT_S_MAX),
        ({"Retry-After": "-1"}, 0.0),
        ({"Retry-After": "1.5"}, 0.0),
        ({"Retry-After": "soon"}, 0.0),
        ({"Retry-After": "Thu, 26 Nov 2026 08:00:09 GMT", "Date": SERVED}, 9.0),
        ({"Retry-After": "Thu, 26 Nov 2026 07:00:00 GMT", "Date": SERVED}, 0.0),
        ({"Retry-After": "Fri, 27 Nov 2026 08:00:00 GMT", "Date": SERVED}, WAIT_S_MAX),
        ({"Retry-After": "Thu, 26 Nov 2026 08:00:09", "Date": SERVED}, 0.0),
        ({"Retry-After": "Thu, 26 Nov 2026 08:00:09 GMT"}, 0.0),
        ({}, 0.0),
    ],
)
def test_a_server_says_how_long_to_leave_it_alone(server, headers, wait_s):
    assert wait_of(headers) == wait_s
    server.play(Play.of({}, status=429, headers={"Retry-After": "7"}))
    assert fault(engine(server.url), decode(1)).wait_s == 7.0
    server.play(Play.of({}, status=401, headers={"Retry-After": "7"}))
    assert fault(engine(server.url), decode(1)).wait_s == 0.0
