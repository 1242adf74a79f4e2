"""A run's events as server-sent events, read from the store page by page.

A stream holds no events of its own, so a slow client costs one page and a run never waits for
one. A client that goes away ends its stream, never its run.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Any

import orjson
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from executors.errors import Refused
from executors.moments import rfc3339
from executors.store.errors import Unknown
from executors.store.record import RunEvent
from executors.store.runs import RunStore

RETRY_MS = 1_000
HEARTBEAT_S = 15.0
SEND_S_MAX = 10.0
PAGE_EVENTS = 256
#: What is handed to a connection at once: more would be copied before anyone has taken any.
PIECE_BYTES_MAX = 64 << 10


class Streams:
    """All streams that are open: at most so many per tenant, all closed when the house closes."""

    def __init__(self, per_tenant_max: int) -> None:
        self._per_tenant_max = per_tenant_max
        self._open: Counter[str] = Counter()
        self.closing = asyncio.Event()

    def take(self, tenant: str) -> None:
        """Take a place, to be given back with `release`. Raise `Refused`."""
        if self._open[tenant] >= self._per_tenant_max:
            detail = f"{self._per_tenant_max} streams are open, as many as may be"
            raise Refused("too-many-streams", detail, retry_after_s=5)
        self._open[tenant] += 1

    def release(self, tenant: str) -> None:
        """Give a place back."""
        self._open[tenant] -= 1
        if not self._open[tenant]:
            del self._open[tenant]

    def close(self) -> None:
        """End every stream now, and every one that is opened later."""
        self.closing.set()


class EventStream(StreamingResponse):
    """Events of one run after event `after`, until `run.finished`.

    A place in `streams` has been taken for it; it gives that back.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        runs: RunStore,
        streams: Streams,
        tenant: str,
        run: str,
        after: int,
        heartbeat_s: float = HEARTBEAT_S,
        send_s_max: float = SEND_S_MAX,
    ) -> None:
        self._streams = streams
        self._tenant = tenant
        self._send_s_max = send_s_max
        self._frames = _frames(runs, streams, tenant, run, after, heartbeat_s)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Run-Id": run}
        super().__init__(self._frames, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream; a client that takes nothing for long is let go, and may resume."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(self._send_s_max):
                await send(message)

        try:
            await super().__call__(scope, receive, send_in_time)
        except (TimeoutError, ClientDisconnect):
            return
        finally:
            await self._frames.aclose()
            self._streams.release(self._tenant)


async def _frames(
    runs: RunStore, streams: Streams, tenant: str, run: str, after: int, heartbeat_s: float
) -> AsyncGenerator[bytes, None]:
    yield b"retry: %d\n\n" % RETRY_MS
    closing = asyncio.create_task(streams.closing.wait())
    try:
        while True:
            events = runs.events(tenant, run, after, PAGE_EVENTS)
            if events:
                for piece in _pieces(events):
                    yield piece
                after = events[-1].id
            elif not runs.get(tenant, run).live:
                return
            elif closing.done():
                yield b"event: draining\nretry: %d\ndata: {}\n\n" % RETRY_MS
                return
            elif not await _anything(runs, tenant, run, after, closing, heartbeat_s):
                yield b": still here\n\n"
    except Unknown:  # it ended, and made room for others before all of it was read
        return
    finally:
        closing.cancel()


async def _anything(
    runs: RunStore,
    tenant: str,
    run: str,
    after: int,
    closing: "asyncio.Task[Any]",
    heartbeat_s: float,
) -> bool:
    changed: asyncio.Task[Any] = asyncio.create_task(runs.changed(tenant, run, after))
    try:
        done, _ = await asyncio.wait(
            (changed, closing), timeout=heartbeat_s, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        changed.cancel()
    return bool(done)


def _pieces(events: Sequence[RunEvent]) -> Iterator[bytes]:
    """Yield what is to be sent: small events together, a large one cut up."""
    small: list[bytes] = []
    size = 0
    for frame in map(_frame, events):
        if size + len(frame) > PIECE_BYTES_MAX and size:
            yield b"".join(small)
            small, size = [], 0
        last = (len(frame) - 1) // PIECE_BYTES_MAX * PIECE_BYTES_MAX
        for at in range(0, last, PIECE_BYTES_MAX):
            yield frame[at : at + PIECE_BYTES_MAX]
        small.append(frame[last:])
        size += len(frame) - last
    yield b"".join(small)


def _frame(event: RunEvent) -> bytes:
    data = orjson.dumps({"at": rfc3339(event.at), **event.data})
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.kind.encode(), data)
