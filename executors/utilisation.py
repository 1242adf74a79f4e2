"""How busy pools are, smoothed over time, and which of them are saturated: what plans go by.

Read off events and orders as they pass, with the time they happened: no clock in here, and a
service that is played again is as busy as it was. The share of a pool's slots in use changes only
when a batch leaves or ends, so what is smoothed is known exactly at any moment between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp

from executors.scheduler.commands import Command, Dispatch
from executors.scheduler.events import BatchEnded, BatchId, Event
from planner.graph import PoolName
from planner.load import is_saturated

#: Seconds after which what was counts for a third of what it did. A pool that becomes full is
#: saturated after 19 s, and 3.6 s after it has become idle it is so no longer: neither one long
#: batch nor one gap between two makes plans anew.
MEMORY_S = 10.0


@dataclass(frozen=True, slots=True)
class _Level:
    """How busy a pool was at a moment, smoothed (`share`), and how many batches are in it since."""

    share: float = 0.0
    at: float = 0.0
    batches: int = 0
    saturated: bool = False


@dataclass(slots=True)
class Utilisation:
    """The share of the slots of each pool that is in use: a mean that forgets, weighted by time.

    `slots` are all that a pool has. Between events `s` goes to the share `u` that is in use now as
    `u + (s - u)·exp(-t/MEMORY_S)`: straight up or straight down, so a pool is saturated at a moment
    just if it would be for somebody who had looked all the time.
    """

    slots: Mapping[PoolName, int]
    _levels: dict[PoolName, _Level] = field(init=False, repr=False)
    _pools: dict[BatchId, PoolName] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._levels = {pool: _Level() for pool in self.slots}

    def watch(self, now: float, event: Event, commands: Sequence[Command]) -> None:
        """Take in one event and what was ordered on it."""
        if isinstance(event, BatchEnded):
            self._count(self._pools.pop(event.batch), now, -1)
        for command in commands:
            if isinstance(command, Dispatch):
                self._pools[command.batch] = command.pool
                self._count(command.pool, now, 1)

    def share(self, pool: PoolName, now: float) -> float:
        """Return which share of the slots of `pool` is in use, smoothed: 0 to 1."""
        return self._level(pool, now).share

    def saturated(self, now: float) -> frozenset[PoolName]:
        """Return the pools to which no pass is to add work now."""
        return frozenset(pool for pool in self.slots if self._level(pool, now).saturated)

    def _count(self, pool: PoolName, now: float, more: int) -> None:
        level = self._level(pool, now)
        batches = level.batches + more
        self._levels[pool] = _Level(level.share, now, batches, level.saturated)

    def _level(self, pool: PoolName, now: float) -> _Level:
        before = self._levels[pool]
        used = before.batches / self.slots[pool]
        share = used + (before.share - used) * exp((before.at - now) / MEMORY_S)
        return _Level(share, now, before.batches, is_saturated(share, before.saturated))
