"""The virtual driver: the same scheduler under a clock that jumps from event to event.

Engines tell when they would answer (`script`); nobody waits. Equal seeds give equal journals: what
happens at the same moment is shuffled by the seed, never by chance.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from random import Random
from typing import Protocol

from executors.drivers.unanswered import Unanswered
from executors.engines.engine import Batch, Emission, EngineFailed, EngineTraits
from executors.journal import Journal
from executors.performer import Performer
from executors.scheduler.commands import Abort, Command, Dispatch, WakeAt
from executors.scheduler.events import BatchEnded, BatchId, Event, Woke
from executors.scheduler.scheduler import Scheduler
from planner.graph import PoolName


class Timed(Protocol):
    """An engine that can tell beforehand when it would say what."""

    @property
    def traits(self) -> EngineTraits: ...

    def script(self, batch: Batch, random: Random) -> Iterator[tuple[float, Emission]]:
        """Yield each emission with the seconds to wait before it."""

    def stalls(self, batch: Batch) -> bool:
        """Return whether `batch` will not end by itself."""


class VirtualDriver:
    """Runs until nothing is left to happen. `watch` is called after every event."""

    def __init__(
        self,
        scheduler: Scheduler,
        performer: Performer,
        engines: Mapping[PoolName, Sequence[Timed]],
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

    def _put(self, when: float, happen: Callable[[], Event | None], shuffle: bool = True) -> None:
        tie = self._random.random() if shuffle else -1.0
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
        when = self.now
        for wait_s, emission in engine.script(batch, self._random):
            when += wait_s
            self._put(when, partial(self._emit, order.batch, emission), shuffle=False)
        if not engine.stalls(batch):
            silent = EngineFailed("engine-error", "the engine ended without an answer")
            self._put(when, partial(self._end, order.batch, silent), shuffle=False)

    def _emit(self, batch: BatchId, emission: Emission) -> Event | None:
        pieces = self._travelling.get(batch)
        return pieces.take(emission) if pieces is not None else None

    def _end(self, batch: BatchId, why: EngineFailed) -> None:
        """Fail what is unanswered and free the slot, before anything else of this moment."""
        pieces = self._travelling.pop(batch, None)
        if pieces is None:
            return
        for event in (*pieces.fail_rest(why), BatchEnded(batch)):
            self._put(self.now, partial(_given, event), shuffle=False)


def _given(event: Event) -> Event:
    return event
