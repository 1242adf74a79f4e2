"""The virtual driver: the same scheduler under a clock that jumps from event to event.

Engines tell when they would answer (`script`); nobody waits. Equal seeds give equal journals: what
happens at the same moment is shuffled by the seed, never by chance.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from random import Random
from typing import Protocol, runtime_checkable

from executors.drivers.unanswered import Unanswered
from executors.engines.engine import Batch, Emission, EngineFailed, EngineTraits
from executors.engines.timeline import Timeline
from executors.journal import Journal
from executors.performer import Performer
from executors.scheduler.commands import Abort, Command, Dispatch, WakeAt
from executors.scheduler.events import BatchEnded, BatchId, Event, Woke
from executors.scheduler.scheduler import Scheduler
from planner.graph import PoolName

#: Ties that come before all that is shuffled, and after it.
_AT_ONCE, _AT_LAST = -1.0, 2.0


class Timed(Protocol):
    """An engine that can tell beforehand when it would say what."""

    @property
    def traits(self) -> EngineTraits: ...

    def script(self, batch: Batch, random: Random) -> Iterator[tuple[float, Emission]]:
        """Yield each emission with the seconds to wait before it."""

    def stalls(self, batch: Batch) -> bool:
        """Return whether `batch` will not end by itself."""


@runtime_checkable
class Stepping(Protocol):
    """An engine whose future depends on what comes later."""

    @property
    def traits(self) -> EngineTraits: ...

    def timeline(self) -> Timeline:
        """Return a fresh replica's future."""


@dataclass(slots=True)
class _Stepped:
    """One replica that goes step by step. `planned` is when it is looked at next."""

    timeline: Timeline
    planned: float | None = None
    settling: bool = False


class VirtualDriver:
    """Runs until nothing is left to happen. `watch` is called after every event."""

    def __init__(
        self,
        scheduler: Scheduler,
        performer: Performer,
        engines: Mapping[PoolName, Sequence[Timed | Stepping]],
        journal: Journal,
        seed: int,
        watch: Callable[[Scheduler], None],
    ) -> None:
        self._scheduler = scheduler
        self._performer = performer
        self._engines = engines
        self._journal = journal
        self._random = Random(seed)
        self._watch = watch
        self._agenda: list[tuple[float, float, int, Callable[[], Event | None]]] = []
        self._ties = count()
        self._travelling: dict[BatchId, Unanswered] = {}
        self._stepped: dict[tuple[PoolName, int], _Stepped] = {}
        self._carried_by: dict[BatchId, _Stepped] = {}
        self.now = 0.0

    def at(self, when: float, event: Event) -> None:
        """Let `event` happen at `when`, in an order with its equals that the seed decides."""
        self._put(when, lambda: event)

    def run(self) -> None:
        """Let everything happen that will."""
        while self._agenda:
            self.now, _, _, happen = heapq.heappop(self._agenda)
            event = happen()
            if event is not None:
                self._feed(event)

    def _put(
        self,
        when: float,
        happen: Callable[[], Event | None],
        shuffle: bool = True,
        tie: float = _AT_ONCE,
    ) -> None:
        tie = self._random.random() if shuffle and tie == _AT_ONCE else tie
        heapq.heappush(self._agenda, (when, tie, next(self._ties), happen))

    def _feed(self, first: Event) -> None:
        events = deque([first])
        while events:
            event = events.popleft()
            commands = self._scheduler.handle(event, self.now)
            self._journal.write(self.now, event, commands)
            events.extend(
                answer for command in commands if (answer := self._perform(command)) is not None
            )
            self._watch(self._scheduler)

    def _perform(self, command: Command) -> Event | None:
        match command:
            case Dispatch():
                self._dispatch(command)
            case Abort(batch):
                self._end(batch, EngineFailed("aborted", "the work was abandoned"))
            case WakeAt(when):
                self._put(max(when, self.now), Woke)
            case _:
                return self._performer.perform(command)
        return None

    def _dispatch(self, order: Dispatch) -> None:
        engine = self._engines[order.pool][order.replica]
        pieces = Unanswered(order, self._performer)
        self._travelling[order.batch] = pieces
        batch = Batch(order.batch, pieces.requests())
        if isinstance(engine, Stepping):
            self._admit(engine, order, batch)
        else:
            self._play(engine, batch)

    def _play(self, engine: Timed, batch: Batch) -> None:
        when = self.now
        for wait_s, emission in engine.script(batch, self._random):
            when += wait_s
            self._put(when, partial(self._emit, batch.id, emission), shuffle=False)
        if not engine.stalls(batch):
            self._put(when, partial(self._end, batch.id, _SILENT), shuffle=False)

    def _admit(self, engine: Stepping, order: Dispatch, batch: Batch) -> None:
        place = (order.pool, order.replica)
        if place not in self._stepped:
            self._stepped[place] = _Stepped(engine.timeline())
        stepped = self._carried_by[batch.id] = self._stepped[place]
        self._advance(stepped)
        stepped.timeline.admit(batch, self.now)
        self._settle_later(stepped)

    def _settle_later(self, stepped: _Stepped) -> None:
        """Settle a replica once all that happens at this moment has happened."""
        if not stepped.settling:
            stepped.settling = True
            self._put(self.now, partial(self._settle, stepped), tie=_AT_LAST)

    def _settle(self, stepped: _Stepped) -> None:
        """Settle a replica, and see to it that it is looked at when it says something next."""
        stepped.settling = False
        stepped.timeline.settle(self.now)
        when = stepped.timeline.next_at()
        if when != stepped.planned:
            stepped.planned = when
            if when is not None:
                self._put(when, partial(self._step, stepped, when), shuffle=False)

    def _step(self, stepped: _Stepped, planned: float) -> None:
        if stepped.planned != planned:
            return  # what was to be said then has changed meanwhile
        stepped.planned = None
        self._advance(stepped)
        self._settle_later(stepped)

    def _advance(self, stepped: _Stepped) -> None:
        for at, batch, emission in stepped.timeline.advance(self.now):
            happens = (
                partial(self._end, batch, _SILENT)
                if emission is None
                else partial(self._emit, batch, emission)
            )
            self._put(at, happens, shuffle=False)

    def _emit(self, batch: BatchId, emission: Emission) -> Event | None:
        pieces = self._travelling.get(batch)
        event = pieces.take(emission) if pieces is not None else None
        if pieces is not None and pieces.is_stopped:
            self._end(batch, _STOPPED)
        return event

    def _end(self, batch: BatchId, why: EngineFailed) -> None:
        """Fail what is unanswered and free the slot, before anything else of this moment."""
        pieces = self._travelling.pop(batch, None)
        if pieces is None:
            return
        if (stepped := self._carried_by.pop(batch, None)) is not None and why is not _SILENT:
            self._advance(stepped)
            stepped.timeline.abandon(batch, self.now)
            self._settle_later(stepped)
        for event in (*pieces.fail_rest(why), BatchEnded(batch)):
            self._put(self.now, partial(_given, event), shuffle=False)


_SILENT = EngineFailed("engine-error", "the engine ended without an answer")
_STOPPED = EngineFailed("aborted", "there was nothing more to say")


def _given(event: Event) -> Event:
    return event
