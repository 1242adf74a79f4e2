"""Tokens of replies that never came whole, from servers that count all along."""

import asyncio
from contextlib import aclosing

import pytest

from executors.engines.engine import Delta, Done, Fault
from executors.usage import Usage
from tests.executors.engines.contract import batch
from tests.executors.engines.openai_calls import BODY, decode, engine, spoken
from tests.executors.engines.openai_server import LocalServer, Play, chunk, counted

ROLE = {**chunk(BODY, {"role": "assistant", "content": ""}), "usage": counted(7, 0)}


def said(delta, written, finish=None):
    return {**chunk(BODY, delta, finish), "usage": counted(7, written)}


WORDS = [ROLE, said({"content": "one "}, 1), said({"content": "two"}, 2)]
CALL = {"index": 0, "id": "c", "function": {"name": "search", "arguments": '{"q"'}}


def test_each_piece_says_what_the_reply_has_cost_so_far(server):
    last = {**chunk(BODY, {}), "choices": [], "usage": counted(7, 2)}
    server.play(Play.events(*WORDS, said({}, 2, "stop"), last, "[DONE]"))
    _, *deltas, end = spoken(engine(server.url), decode(1))
    assert deltas == [Delta(1, "one ", Usage(7, 1)), Delta(1, "two", Usage(7, 2))]
    assert end == Done(1, {"text": "one two"}, Usage(7, 2))


@pytest.mark.parametrize(
    "delta", [{"reasoning_content": "Hm."}, {"tool_calls": [CALL]}], ids=["to itself", "a tool"]
)
def test_what_is_no_text_counts_too(server, delta):
    server.play(Play.events(ROLE, said(delta, 3), stalls=True))

    async def scenario() -> Delta:
        asked = engine(server.url)
        await asked.start()
        async with aclosing(asked.run(batch(decode(1)))) as emissions:
            found = [await anext(emissions), await anext(emissions)][-1]
        await asked.stop()
        assert isinstance(found, Delta)
        return found

    assert asyncio.run(scenario()) == Delta(1, "", Usage(7, 3))


@pytest.mark.parametrize("more", [{"cut": True}, {"stalls": True}], ids=["broken", "too late"])
def test_a_reply_that_fails_midway_has_cost_what_was_said_of_it(server: LocalServer, more):
    server.play(Play.events(*WORDS, **more))
    end = spoken(engine(server.url, gap_s=0.2), decode(1))[-1]
    assert isinstance(end, Fault)
    assert end.usage == Usage(7, 2)


def test_a_reply_that_we_end_at_a_stop_string_has_cost_what_was_said_of_it(server):
    server.play(Play.events(*WORDS, stalls=True))
    end = spoken(engine(server.url), decode(1, stop=["1", "2", "3", "4", "two"]))[-1]
    assert end == Done(1, {"text": "one "}, Usage(7, 2))


def test_a_server_that_counts_at_the_end_alone_has_pieces_without_a_count(server):
    _, *deltas, end = spoken(engine(server.url), decode(1))
    assert {each.usage for each in deltas} == {None}
    assert all(each.text for each in deltas)
    assert end.usage.tokens_out > 0
