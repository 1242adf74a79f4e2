"""The virtual driver: the same scheduler under a clock that jumps from event to event.

Engines tell when they would answer (`script`); nobody waits. Equal seeds give equal journals: what
happens at the same moment is shuffled by the seed, never by chance.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from random import Random
from typing import Protocol

from executors.drivers.unanswered import Unanswered
from executors.engines.engine import Batch, Emission, EngineFailed, EngineTraits
from executors.journal import Journal
from executors.performer import Performer
from executors.scheduler.commands import Abort, Command, Dispatch, WakeAt
from executors.scheduler.events import BatchEnded, Event, Woke
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
        self._agenda: list[tuple[float, float, int, _Due]] = []
        self._ties = count()
        self._travelling: dict[int, Unanswered] = {}
        self.now = 0.0

    def at(self, when: float, event: Event) -> None:
        """Let `event` happen at `when`, in an order with its equals that the seed decides."""
        self._put(when, _Due(event=event), self._random.random())

    def run(self) -> None:
        """Let everything happen that will."""
        while self._agenda:
            self.now, _, _, due = heapq.heappop(self._agenda)
            event = due.happen()
            if event is not None:
                self._feed(event)
