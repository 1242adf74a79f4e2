"""The live driver: performs the scheduler's orders on asyncio and feeds back what happens.

Everything about time, tasks and engines is here; nothing is decided here.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TypeAlias

from executors.drivers.unanswered import Unanswered
from executors.engines.engine import Batch, Engine, EngineFailed
from executors.journal import Journal
from executors.performer import Performer
from executors.scheduler.commands import Abort, Command, Dispatch, WakeAt
from executors.scheduler.events import BatchEnded, Event, Woke
from executors.scheduler.scheduler import Scheduler
from planner.graph import PoolName

#: Is shown each event with what the scheduler orders on it, and when.
Watch: TypeAlias = Callable[[float, Event, Sequence[Command]], object]


def unwatched(now: float, event: Event, commands: Sequence[Command]) -> None:
    """Look at nothing."""


@dataclass(slots=True)
class _Replica:
    """One engine and whether it is up. `gate` lets one caller start it while others wait."""

    engine: Engine
    started: bool = False
    gate: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ready(self) -> Engine:
        async with self.gate:
            if not self.started:
                await self.engine.start()
                self.started = True
        return self.engine


class LiveDriver:
    """One scheduler on the running event loop. Engines start when their first batch comes."""

    def __init__(
        self,
        scheduler: Scheduler,
        performer: Performer,
        engines: Mapping[PoolName, Sequence[Engine]],
        journal: Journal,
        on_bug: Callable[[Exception], object],
        watch: Watch = unwatched,
    ) -> None:
        self._scheduler = scheduler
        self._performer = performer
        self._journal = journal
        self._on_bug = on_bug
        self._watch = watch
        self._replicas = {name: [_Replica(e) for e in group] for name, group in engines.items()}
        self._batches: dict[int, asyncio.Task[None]] = {}
        self._agenda: deque[Event] = deque()
        self._working = False
        self._stopped = False
        self._alarm: asyncio.TimerHandle | None = None

    def now(self) -> float:
        """Return the driver's clock, in seconds. Finer than some event loops' own."""
        return time.monotonic()

    def started(self, pool: PoolName) -> int:
        """Return how many replicas of `pool` are up."""
        return sum(replica.started for replica in self._replicas[pool])

    def feed(self, event: Event) -> None:
        """Hand `event` to the scheduler and see to all that follows from it; nothing does any more
        once the driver is stopped.
        """
        if self._stopped:
            return
        self._agenda.append(event)
        if self._working:
            return  # a caller further up is already working through the agenda
        self._working = True
        try:
            while self._agenda:
                self._handle(self._agenda.popleft())
        finally:
            self._working = False

    async def stop(self) -> None:
        """End every batch and stop every engine. Runs that are still live are not told."""
        self._stopped = True
        if self._alarm is not None:
            self._alarm.cancel()
        tasks = list(self._batches.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for group in self._replicas.values():
            for replica in group:
                await replica.engine.stop()

    def _handle(self, event: Event) -> None:
        now = self.now()
        commands = self._scheduler.handle(event, now)
        self._journal.write(now, event, commands)
        self._watch(now, event, commands)
        for command in commands:
            self._perform(command)

    def _perform(self, command: Command) -> None:
        match command:
            case Dispatch():
                task = asyncio.create_task(self._run(command), name=f"batch {command.batch}")
                self._batches[command.batch] = task
                task.add_done_callback(lambda _: self._batches.pop(command.batch))
            case Abort(batch):
                # Soon, not now: a task cancelled before its first step would answer nothing.
                asyncio.get_running_loop().call_soon(self._batches[batch].cancel)
            case WakeAt(when):
                if self._alarm is not None:
                    self._alarm.cancel()
                wait_s = max(0.0, when - self.now())
                self._alarm = asyncio.get_running_loop().call_later(wait_s, self.feed, Woke())
            case _:
                if (answer := self._performer.perform(command)) is not None:
                    self._agenda.append(answer)

    async def _run(self, order: Dispatch) -> None:
        """Run one batch. Whatever becomes of it, every piece is answered and the slot freed."""
        pieces = Unanswered(order, self._performer)
        try:
            engine = await self._replicas[order.pool][order.replica].ready()
            await self._follow(engine, order, pieces)
            trouble = EngineFailed("engine-error", "the engine ended without an answer")
        except EngineFailed as error:
            trouble = error
        except asyncio.CancelledError:
            trouble = EngineFailed("aborted", "the work was abandoned")
        except Exception as error:  # the outermost loop: a bug in an adapter is a fact
            self._on_bug(error)
            trouble = EngineFailed("engine-error", f"the adapter broke: {type(error).__name__}")
        for event in pieces.fail_rest(trouble):
            self.feed(event)
        self.feed(BatchEnded(order.batch))

    async def _follow(self, engine: Engine, order: Dispatch, pieces: Unanswered) -> None:
        batch = Batch(order.batch, pieces.requests())
        async with aclosing(engine.run(batch)) as emissions:
            async for emission in emissions:
                if (event := pieces.take(emission)) is not None:
                    self.feed(event)
                if pieces.is_stopped:
                    return
