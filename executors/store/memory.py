"""Runs kept in memory, bounded by count, bytes and age.

Runs that have ended make room, the longest ended first. A live run is never dropped: when only
live ones are left, the next is refused. The time comes from an injected clock.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from executors.errors import Refused
from executors.store.errors import FutureEvent, Unknown
from executors.store.record import EventKind, RunEvent, RunRecord, RunStatus, apply
from executors.store.runs import RunPage, read_cursor, write_cursor
from executors.values import weigh


@dataclass(frozen=True, slots=True)
class RunLimits:
    """How much is remembered. `deltas_max` bounds the pieces of output kept of one run.

    No piece is kept while live runs alone hold `bytes_max`.
    """

    runs_max: int = 10_000
    live_max: int = 1_000
    bytes_max: int = 256 << 20
    age_max: timedelta = timedelta(days=1)
    deltas_max: int = 20_000


@dataclass(slots=True)
class _Entry:
    number: int
    record: RunRecord
    bytes: int
    deltas: int = 0
    events: list[RunEvent] = field(default_factory=list)
    waiting: set["asyncio.Future[None]"] = field(default_factory=set)


class MemoryRunStore:
    """A `RunStore` for one process: what it holds ends with it.

    `ended` is told of each run once its last event is written.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        limits: RunLimits | None = None,
        ended: Callable[[RunRecord], object] = lambda _: None,
    ) -> None:
        self._now = now
        self._told = ended
        self._limits = limits or RunLimits()
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self._tenants: dict[str, str] = {}
        self._ended: OrderedDict[tuple[str, str], datetime] = OrderedDict()
        self._bytes = 0
        self._ended_bytes = 0
        self._accepted = 0
        self._settling: set[asyncio.Future[None]] = set()

    async def accept(self, record: RunRecord) -> None:
        """See `RunStore.accept`."""
        if record.id in self._tenants or record.last_event:
            raise ValueError(f"run {record.id} has been accepted before")
        size = weigh(record.inputs)
        self._make_room(size)
        self._accepted += 1
        entry = _Entry(self._accepted, record, size)
        self._bytes += size
        self._tenants[record.id] = record.tenant
        self._entries[record.tenant, record.id] = entry
        first = {"workflow": record.workflow, "version": record.version}
        self._write(entry, "run.queued", first)

    def append(self, run: str, kind: EventKind, data: Mapping[str, Any]) -> RunEvent | None:
        """See `RunStore.append`."""
        tenant = self._tenants.get(run)
        if tenant is None:
            raise Unknown("run", run)
        entry = self._entries[tenant, run]
        if kind == "output.delta" and entry.record.live:
            if not self._takes(entry, _size(data)):
                return None
            entry.deltas += 1
        event = self._write(entry, kind, data)
        if not entry.record.live:
            self._end(entry, event.at)
        return event

    def get(self, tenant: str, run: str) -> RunRecord:
        """See `RunStore.get`."""
        return self._entry(tenant, run).record

    def page(
        self,
        tenant: str,
        *,
        workflow: str | None = None,
        status: RunStatus | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> RunPage:
        """See `RunStore.page`."""
        self._forget_old()
        below = self._accepted + 1 if cursor is None else read_cursor(cursor)
        found: list[_Entry] = []
        for (owner, _), entry in reversed(self._entries.items()):
            if owner != tenant or entry.number >= below:
                continue
            if workflow not in (None, entry.record.workflow):
                continue
            if status not in (None, entry.record.status):
                continue
            if len(found) == limit:
                return RunPage(_records(found), write_cursor(found[-1].number))
            found.append(entry)
        return RunPage(_records(found), None)

    def events(
        self, tenant: str, run: str, after: int = 0, limit: int = 256
    ) -> tuple[RunEvent, ...]:
        """See `RunStore.events`."""
        entry = self._entry(tenant, run)
        if after > len(entry.events):
            raise FutureEvent(run, after, len(entry.events))
        return tuple(entry.events[after : after + limit])

    async def changed(self, tenant: str, run: str, after: int) -> None:
        """See `RunStore.changed`."""
        entry = self._entry(tenant, run)
        if after < len(entry.events) or not entry.record.live:
            return
        await _wake_up_call(entry.waiting)

    async def settled(self) -> None:
        """See `RunStore.settled`."""
        if len(self._entries) > len(self._ended):
            await _wake_up_call(self._settling)

    def _write(self, entry: _Entry, kind: EventKind, data: Mapping[str, Any]) -> RunEvent:
        event = RunEvent(len(entry.events) + 1, kind, self._now(), data)
        entry.record = apply(entry.record, event)
        entry.events.append(event)
        size = _size(data)
        entry.bytes += size
        self._bytes += size
        _wake(entry.waiting)
        return event

    def _takes(self, entry: _Entry, size: int) -> bool:
        """Say whether a piece of output is kept; runs that have ended make room for it."""
        if entry.deltas >= self._limits.deltas_max:
            return False
        while self._ended and self._over(size):
            self._forget_longest_ended()
        return not self._over(size)

    def _end(self, entry: _Entry, at: datetime) -> None:
        self._ended[entry.record.tenant, entry.record.id] = at
        self._ended_bytes += entry.bytes
        if len(self._entries) == len(self._ended):
            _wake(self._settling)
        self._forget_old()
        while self._over(0) and len(self._ended) > 1:
            self._forget_longest_ended()
        self._told(entry.record)

    def _entry(self, tenant: str, run: str) -> _Entry:
        self._forget_old()
        entry = self._entries.get((tenant, run))
        if entry is None:
            raise Unknown("run", run)
        return entry

    def _make_room(self, size: int) -> None:
        live = len(self._entries) - len(self._ended)
        if live >= self._limits.live_max:
            detail = f"{live} runs are not finished, as many as may be"
            raise Refused("too-many-runs", detail, retry_after_s=2)
        self._forget_old()
        live_bytes = self._bytes - self._ended_bytes
        if live_bytes + size > self._limits.bytes_max or live >= self._limits.runs_max:
            raise Refused("store-full", "what live runs hold fills the store", retry_after_s=5)
        while self._ended and (self._over(size) or len(self._entries) >= self._limits.runs_max):
            self._forget_longest_ended()

    def _over(self, size: int) -> bool:
        limits = self._limits
        return self._bytes + size > limits.bytes_max or len(self._entries) > limits.runs_max

    def _forget_old(self) -> None:
        oldest = self._now() - self._limits.age_max
        while self._ended and next(iter(self._ended.values())) < oldest:
            self._forget_longest_ended()

    def _forget_longest_ended(self) -> None:
        key, _ = self._ended.popitem(last=False)
        entry = self._entries.pop(key)
        del self._tenants[entry.record.id]
        self._bytes -= entry.bytes
        self._ended_bytes -= entry.bytes


def _size(data: Mapping[str, Any]) -> int:
    return weigh(data) + 100


def _records(entries: list[_Entry]) -> tuple[RunRecord, ...]:
    return tuple(entry.record for entry in entries)


async def _wake_up_call(waiting: "set[asyncio.Future[None]]") -> None:
    call = asyncio.get_running_loop().create_future()
    waiting.add(call)
    try:
        await call
    finally:
        waiting.discard(call)


def _wake(waiting: "set[asyncio.Future[None]]") -> None:
    while waiting:
        call = waiting.pop()
        if not call.done():
            call.set_result(None)
