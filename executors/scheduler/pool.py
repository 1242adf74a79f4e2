"""One engine pool: a queue, some replicas with slots, and the rule for what leaves next.

A batch forms when a slot is free, never before: whatever arrives while all are busy can still
join. No clock, no tasks, no I/O.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace

from executors.scheduler.commands import Dispatch, Piece
from executors.scheduler.events import BatchId, RunId, TaskId
from executors.scheduler.policies.policy import Policy, Waiting
from planner.costs import Costs
from planner.graph import PoolName, PrimitiveId
from planner.pools import BLOCK_TOKENS


@dataclass(frozen=True, slots=True)
class Limits:
    """What a pool can take. `queue_max` counts waiting tasks; beyond it no new run is admitted."""

    replicas: int
    slots: int
    batch_rows: int
    queue_max: int


def _any(task: TaskId) -> int | None:
    """Prefer no replica."""


@dataclass(slots=True)
class Pool:
    """
    >>> from executors.scheduler.policies.throughput import throughput
    >>> pool = Pool(PoolName("embedding"), Limits(1, 1, 4, 100), throughput)
    >>> pool.join(TaskId(RunId("r"), "a"), rows=6, arrival=1, priority=0)
    >>> [(piece.start, piece.stop) for order in pool.form(BatchId(1)) for piece in order.pieces]
    [(0, 4)]
    >>> pool.form(BatchId(2))
    []
    >>> pool.free(BatchId(1))
    >>> [(piece.start, piece.stop) for order in pool.form(BatchId(2)) for piece in order.pieces]
    [(4, 6)]
    """

    name: PoolName
    limits: Limits
    policy: Policy
    costs: Costs | None = None
    block_tokens: int = BLOCK_TOKENS
    waiting: list[Waiting] = field(default_factory=list)  #: by priority, then by arrival
    busy: dict[BatchId, int] = field(default_factory=dict)  #: replica of each batch in an engine

    def join(self, task: TaskId, rows: int, arrival: int, priority: int) -> None:
        """Put `task` at its place in the queue."""
        entry = Waiting(task=task, start=0, rows=rows, arrival=arrival, priority=priority)
        place = len(self.waiting)
        while place and self.waiting[place - 1].rank() > entry.rank():
            place -= 1
        self.waiting.insert(place, entry)

    def leave(self, run: RunId, units: Collection[PrimitiveId] | None = None) -> None:
        """Forget what of `run` has not left: all of it, or these `units`."""
        self.waiting = [
            entry
            for entry in self.waiting
            if entry.task.run != run or (units is not None and entry.task.unit not in units)
        ]

    def rank(self, run: RunId, priority: Callable[[PrimitiveId], int]) -> None:
        """Let what of `run` has not left wait by other priorities, those of its units."""
        self.waiting = sorted(
            (
                replace(entry, priority=priority(entry.task.unit))
                if entry.task.run == run
                else entry
                for entry in self.waiting
            ),
            key=Waiting.rank,
        )

    def load(self) -> float:
        """Return how many tasks and batches there are for each slot, waiting or in an engine."""
        inside = len(self.waiting) + len(self.busy)
        return inside / (self.limits.replicas * self.limits.slots)

    def free(self, batch: BatchId) -> None:
        """Take back the slot of `batch`."""
        del self.busy[batch]

    @property
    def has_slot(self) -> bool:
        """Whether a batch could leave now."""
        return self._idle() is not None

    @property
    def utilisation(self) -> float:
        """Return the share of all slots that is in use."""
        return len(self.busy) / (self.limits.replicas * self.limits.slots)

    def form(
        self, first: BatchId, prefers: Callable[[TaskId], int | None] = _any
    ) -> list[Dispatch]:
        """Return the batches that leave now, numbered from `first`.

        The first task of each `prefers` a replica, or none: it goes there if there is a slot.
        """
        orders: list[Dispatch] = []
        while self.waiting and (replica := self._idle()) is not None:
            picks = self.policy(self.waiting, self.limits.batch_rows)
            pieces = tuple(Piece(w.task, w.start, w.start + rows, w.priority) for w, rows in picks)
            self._take(picks)
            batch = BatchId(first + len(orders))
            orders.append(self._place(batch, pieces, prefers(pieces[0].task), replica))
        return orders

    def place(self, batch: BatchId, piece: Piece, preferred: int | None) -> Dispatch:
        """Return the order for work that stands in no queue. There is a slot for it."""
        idle = self._idle()
        if idle is None:
            raise ValueError(f"{self.name} has no slot for {piece.task}")
        return self._place(batch, (piece,), preferred, idle)

    def _place(
        self, batch: BatchId, pieces: tuple[Piece, ...], preferred: int | None, idle: int
    ) -> Dispatch:
        if preferred is not None and self._load()[preferred] < self.limits.slots:
            idle = preferred
        self.busy[batch] = idle
        return Dispatch(batch, self.name, idle, pieces)

    def _load(self) -> list[int]:
        load = [0] * self.limits.replicas
        for replica in self.busy.values():
            load[replica] += 1
        return load

    def _idle(self) -> int | None:
        """Return the least busy replica with a free slot, the first of equals."""
        load = self._load()
        least = min(range(len(load)), key=load.__getitem__)
        return least if load[least] < self.limits.slots else None

    def _take(self, picks: Iterable[tuple[Waiting, int]]) -> None:
        taken = {entry.task: rows for entry, rows in picks}
        kept: list[Waiting] = []
        looked_at = 0
        while taken:  # picks stand near the front, and queues may be long
            entry = self.waiting[looked_at]
            looked_at += 1
            rows = taken.pop(entry.task, 0)
            if rows < entry.rows:
                kept.append(entry.without(rows) if rows else entry)
        self.waiting[:looked_at] = kept
