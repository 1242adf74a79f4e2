"""What engines take, seen from outside: batches and calls timed as they leave and come back.

Everything is read off events and orders, so a run that is played again teaches the same. Only what
tells one thing is learned from: a prompt that was read while nothing else was in the replica, and a
reply that was said while no prompt was read. The first batch of an operation is left out, as a
replica may start for it, or load what it needs; so is one that failed, or that mixes operations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from executors.learned_sizes import LearnedSizes
from executors.pools import Pool
from executors.replica_calls import ReplicaCalls
from executors.scheduler.commands import (
    Command,
    Dispatch,
    PrimitiveFinished,
    RunFinished,
    Speculated,
    Unfold,
)
from executors.scheduler.events import (
    BatchEnded,
    BatchId,
    Event,
    FirstTokenSeen,
    PieceDone,
    PieceFailed,
    Prepared,
    RunAccepted,
    RunId,
)
from executors.utilisation import Utilisation
from planner.costs import DEFAULTS, UNASKED, Costs, default_of
from planner.graph import PoolName, PrimitiveId
from planner.plan import Plan
from planner.pools import PoolFacts, Pools
from planner.primitives import OPS
from planner.refining import Profile, Refining, Source
from planner.sizes import Sizes

_Place: TypeAlias = tuple[PoolName, int]


@dataclass(slots=True)
class _Batch:
    """A batch on its way: `rows` of `op`, unless it is of no use to learn from."""

    place: _Place
    op: str
    rows: float
    left_at: float
    useful: bool = True


@dataclass(slots=True)
class Observer:
    """Learns what the engines of `pools` take, and how large what runs ask for is; and sees how
    busy they are.
    """

    pools: Sequence[Pool]
    utilisation: Utilisation = field(init=False)
    _refining: dict[tuple[PoolName, str], Refining] = field(init=False, repr=False)
    _sizes: LearnedSizes = field(default_factory=LearnedSizes, repr=False)
    _work: dict[RunId, dict[PrimitiveId, tuple[str, int]]] = field(default_factory=dict, repr=False)
    _batches: dict[BatchId, _Batch] = field(default_factory=dict, repr=False)
    _replicas: dict[_Place, ReplicaCalls] = field(default_factory=dict, repr=False)
    _started: set[tuple[_Place, str]] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self.utilisation = Utilisation({pool.name: pool.slots for pool in self.pools})
        self._refining = {}
        for pool in self.pools:
            configured = pool.facts.costs
            for op in sorted(DEFAULTS.keys() & pool.traits.ops):
                source: Source = "configured" if op in configured else "default"
                start = configured.get(op) or default_of(op)
                self._refining[pool.name, op] = Refining(start, source)

    def profiles(self, pool: PoolName) -> Mapping[str, Profile]:
        """Return what each operation of `pool` takes, as last made known."""
        found = self._refining.items()
        return {op: refining.profile for (name, op), refining in found if name == pool}

    def version(self) -> int:
        """Return how often any profile was made known anew: what plans of one number rely on."""
        return sum(refining.version for refining in self._refining.values())

    def known(self, pools: Pools) -> Pools:
        """Return `pools` with the costs that were last made known."""
        return self._with_costs(pools, published=True)

    def current(self, pools: Pools) -> Pools:
        """Return `pools` with the costs as they are now."""
        return self._with_costs(pools, published=False)

    def facts(self) -> Mapping[PoolName, PoolFacts]:
        """Return what is known of the engines of each pool, with their costs as they are now."""
        facts = {pool.name: pool.facts for pool in self.pools}
        return self.current(Pools({}, {}, facts)).facts

    def sizes(self, tenant: str, plan: Plan) -> Sizes:
        """Return what was seen in runs of `plan` of one tenant."""
        return self._sizes.of(tenant, plan)

    def watch(self, now: float, event: Event, commands: Sequence[Command]) -> None:
        """Take in one event and what was ordered on it."""
        self.utilisation.watch(now, event, commands)
        match event:
            case Prepared():
                self._prepared(event)
            case RunAccepted(run, tenant, plan):
                self._work[run] = {}
                self._sizes.begin(run, tenant, plan)
            case FirstTokenSeen():
                self._first_token(event, now)
            case PieceDone():
                self._done(event, now)
            case PieceFailed():
                self._failed(event, now)
            case BatchEnded(batch):
                self._ended(batch, now)
        for command in commands:
            self._ordered(command, now)

    def _prepared(self, event: Prepared) -> None:
        work = self._work.get(event.task.run)
        if work is not None:  # else its run has failed meanwhile
            work[event.task.unit] = (event.op, event.work)

    def _ordered(self, command: Command, now: float) -> None:
        match command:
            case Dispatch():
                self._dispatched(command, now)
            case PrimitiveFinished(run, primitive):
                _, rows = self._work.get(run, {}).pop(primitive, ("", 1))
                self._sizes.finished(command, rows)
            case Unfold():
                self._sizes.opened(command)
            case Speculated():
                self._sizes.decided(command)
            case RunFinished(run):
                self._work.pop(run, None)
                self._sizes.end(run)

    def _dispatched(self, order: Dispatch, now: float) -> None:
        place = (order.pool, order.replica)
        ops: set[str] = set()
        rows = 0.0
        for piece in order.pieces:
            op, work = self._work[piece.task.run][piece.task.unit]
            ops.add(op)
            rows += min(work, piece.stop - piece.start) if op and OPS[op].cut else work
        op = ops.pop() if len(ops) == 1 else ""
        asked = rows > 0 or op not in UNASKED
        known = (place, op) in self._started and (order.pool, op) in self._refining
        self._batches[order.batch] = _Batch(place, op, rows, now, useful=asked and known)
        if asked:
            self._started.add((place, op))
        if op == "decode":
            calls = self._replicas.setdefault(place, ReplicaCalls())
            for position in range(len(order.pieces)):
                calls.begin((order.batch, position), now)

    def _first_token(self, seen: FirstTokenSeen, now: float) -> None:
        calls = self._replicas.get(self._batches[seen.batch].place)
        if calls is not None:
            calls.first_token((seen.batch, seen.position), now)

    def _done(self, done: PieceDone, now: float) -> None:
        batch, id = self._batches[done.batch], (done.batch, done.position)
        if (calls := self._replicas.get(batch.place)) is not None:
            if (refining := self._of(batch)) is not None:
                calls.tell(id, done.usage, now, refining)
            calls.end(id, now)

    def _failed(self, failed: PieceFailed, now: float) -> None:
        batch = self._batches[failed.batch]
        batch.useful = False
        if (calls := self._replicas.get(batch.place)) is not None:
            calls.end((failed.batch, failed.position), now)

    def _ended(self, id: BatchId, now: float) -> None:
        batch = self._batches.pop(id)
        if batch.op != "decode" and (refining := self._of(batch)) is not None:
            refining.batch(batch.rows, (now - batch.left_at) * 1000)

    def _of(self, batch: _Batch) -> Refining | None:
        """Return what `batch` teaches something about, if it does."""
        return self._refining.get((batch.place[0], batch.op)) if batch.useful else None

    def _with_costs(self, pools: Pools, published: bool) -> Pools:
        costs: dict[PoolName, dict[str, Costs]] = {}
        for (name, op), refining in self._refining.items():
            known = refining.published if published else refining.current
            costs.setdefault(name, {})[op] = known
        refined = {name: replace(pools.fact(name), costs=each) for name, each in costs.items()}
        return replace(pools, facts={**pools.facts, **refined})
