"""A call that is left in the middle, as the server sees it: by the official client and by us."""

import asyncio
from contextlib import aclosing

import pytest

from executors.engines.engine import Delta, Engine, Request
from tests.executors.engines.contract import batch
from tests.executors.engines.official_client import (
    STREAMED,
    USER,
    chatting,
    completing,
    equal_on_the_wire,
    official,
)
from tests.executors.engines.openai_calls import BODY
from tests.executors.engines.openai_server import Left, LocalServer, Play, chunk

WAIT_S = 10
REQUEST = Request(1, "decode", {"prompt": USER["content"]}, "run", "local")
APIS = pytest.mark.parametrize("api", ["chat", "completions"])
# More than the buffers of a connection hold: whoever sends it all has been read from.
MUCH = ["much " * 200_000] * 64


def said(api: str, text: str) -> dict[str, object]:
    if api == "chat":
        return chunk(BODY, {"content": text})
    return {**chunk(BODY, {}), "choices": [{"index": 0, "text": text, "finish_reason": None}]}


def leave_as_the_live_driver_does(server: LocalServer, engine: Engine) -> None:
    midway = asyncio.Event()

    async def follow() -> None:
        async with aclosing(engine.run(batch(REQUEST))) as emissions:
            async for emission in emissions:
                if isinstance(emission, Delta):
                    midway.set()

    async def scenario() -> None:
        await engine.start()
        task = asyncio.create_task(follow())
        try:
            await asyncio.wait_for(midway.wait(), WAIT_S)
            task.cancel()
            await asyncio.wait([task], timeout=WAIT_S)
            await asyncio.to_thread(until_left, server, 1)
        finally:
            await engine.stop()
        assert task.cancelled()

    asyncio.run(scenario())


def leave_as_the_official_client_does(server: LocalServer, api: str) -> None:
    with official(server) as client:
        if api == "chat":
            stream = client.chat.completions.create(model="m", messages=[USER], **STREAMED)
        else:
            stream = client.completions.create(model="m", prompt=USER["content"], **STREAMED)
        assert next(stream).choices
        stream.close()
        until_left(server, 2)


def until_left(server: LocalServer, count: int) -> None:
    with server.changed:
        assert server.changed.wait_for(lambda: len(server.left) == count, WAIT_S)


def both_leave(server: LocalServer, api: str) -> tuple[Left, Left]:
    engine = chatting(server) if api == "chat" else completing(server)
    leave_as_the_live_driver_does(server, engine)
    leave_as_the_official_client_does(server, api)
    equal_on_the_wire(server)
    ours, theirs = server.left
    return ours, theirs


@APIS
def test_a_server_that_still_thinks_sees_both_leave(server, api):
    play = Play.events(said(api, "You "), stalls=True)
    server.play(play, play)
    ours, theirs = both_leave(server, api)
    assert ours == theirs == Left(server.seen[0].path, sent=1)


@APIS
def test_a_server_that_goes_on_stops_for_both(server, api):
    play = Play.events(said(api, "You "), *(said(api, text) for text in MUCH), "[DONE]")
    server.play(play, play)
    ours, theirs = both_leave(server, api)
    assert ours.path == theirs.path == server.seen[0].path
    assert 1 <= ours.sent < len(play.chunks)
    assert 1 <= theirs.sent < len(play.chunks)
