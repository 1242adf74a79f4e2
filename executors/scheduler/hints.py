"""Hints: the beginnings of prompts that an engine reads before the rest is known, where it pays.

Nobody waits for a hint, it fails nothing and keeps no run from ending; no answer depends on it. One
that is ready stands in a line of its pool, behind all work there, and is put together only when it
may go: so a busy service pays nothing for it. It is dropped once what it is for is ready. What an
engine has begun to read it reads to the end, unless the run ends before.

A warm request that is always sent can cost more than it gives: in a simulation without the guards
here latency rose by 75 %. A gain is held against what a request costs by itself, where an engine's
costs are configured; what was learned of it meanwhile does not come here.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from executors.scheduler.commands import (
    Command,
    Piece,
    Prepare,
    PrimitiveFinished,
    StandIn,
    Unfold,
)
from executors.scheduler.events import (
    Event,
    Prepared,
    PrepareFailed,
    RunId,
    Settled,
    TaskId,
    Unfolded,
)
from executors.scheduler.pool import Pool
from executors.scheduler.progress import Progress
from executors.usage import Usage
from planner.ahead import BLOCKS_MIN, REQUEST_MS
from planner.costs import LanguageCosts
from planner.graph import PoolName, PrimitiveId
from planner.unit import Unit

if TYPE_CHECKING:
    from executors.scheduler.run import Run

#: Share of a pool's slots in use beyond which nothing is read ahead there.
UTILISATION_MAX = 0.8
#: Hints that stand in the line of one pool. Of more, the one that has stood there longest goes.
LINE_MAX = 256
#: What drivers answer at once, and with what.
_ASKED = (Prepare, Unfold, StandIn)
_ANSWERS = (Prepared, Settled, PrepareFailed, Unfolded)
#: What hints leave by: after all real work, also in an engine with a queue of its own.
LAST = -1_000_000


@dataclass(slots=True)
class Hints:
    """Those of one run that may still be of use. `ready` is shared by all runs.

    `waits` counts for each what it still waits for, until it is sent; `inside` are in an engine.
    """

    run: RunId
    ready: deque[TaskId]
    waits: dict[PrimitiveId, int] = field(default_factory=dict)
    of: dict[PrimitiveId, list[PrimitiveId]] = field(default_factory=dict)  #: by what is warmed
    warms: dict[PrimitiveId, PrimitiveId] = field(default_factory=dict)
    inside: dict[PrimitiveId, Progress] = field(default_factory=dict)
    orphans: set[PrimitiveId] = field(default_factory=set)  #: inside, and their region is over
    replicas: dict[PrimitiveId, int] = field(default_factory=dict)  #: that read for what is warmed

    def expect(self, unit: Unit, waits: int) -> None:
        """Take in a hint that waits for so many primitives.

        One that an engine still reads, for a part that was given up and is made anew, is that.
        """
        if unit.warms is None:
            raise ValueError(f"{unit.leader} is no hint")
        if unit.leader in self.inside:
            self.orphans.discard(unit.leader)
            return
        self.waits[unit.leader] = waits
        self.warms[unit.leader] = unit.warms
        self.of.setdefault(unit.warms, []).append(unit.leader)
        if waits == 0:
            self.ready.append(TaskId(self.run, unit.leader))

    def heard(self, readers: Iterable[PrimitiveId]) -> None:
        """Note that one primitive is done, for which `readers` wait."""
        if not self.waits:
            return
        for leader in readers:
            if leader in self.waits:
                self.waits[leader] -= 1
                if self.waits[leader] == 0:
                    self.ready.append(TaskId(self.run, leader))

    def is_wanted(self, leader: PrimitiveId) -> bool:
        """Whether a hint may be sent."""
        return self.waits.get(leader) == 0

    def late(self, warmed: PrimitiveId) -> None:
        """Note that what some hints are for is ready: they are of no use any more."""
        if self.of:
            self.drop(tuple(self.of.get(warmed, ())))

    def drop(self, leaders: Iterable[PrimitiveId]) -> None:
        """Let go of hints that have not been sent."""
        for leader in leaders:
            if self.waits.pop(leader, None) is not None:
                self._unlink(leader)

    def send(
        self, leader: PrimitiveId, replica: int, now: float, cause: PrimitiveId | None
    ) -> None:
        """Note that a hint has left for `replica`, after `cause` was done."""
        del self.waits[leader]
        self.replicas[self.warms[leader]] = replica
        progress = self.inside[leader] = Progress(now, cause=cause, rows=1)
        progress.leave(now, 1, replica)
        self._unlink(leader)

    def part(self, made: Iterable[PrimitiveId]) -> list[PrimitiveId]:
        """Return those of what a region made that can be forgotten with it, which is over."""
        gone = list(made)
        if self.replicas:
            for leader in gone:
                self.replicas.pop(leader, None)
        if self.waits:
            self.drop(gone)
        if not self.inside:
            return gone
        self.orphans.update(leader for leader in gone if leader in self.inside)
        return [leader for leader in gone if leader not in self.inside]

    def _unlink(self, leader: PrimitiveId) -> None:
        warmed = self.warms.pop(leader)
        self.of[warmed].remove(leader)
        if not self.of[warmed]:
            del self.of[warmed]


@dataclass(slots=True)
class HintLines:
    """The hints of all runs that are ready, a line a pool; and what has become of the others.

    `asked` are being put together. `refused` are pools whose engines turned out to read nothing
    ahead.
    """

    ready: deque[TaskId] = field(default_factory=deque)
    unanswered: int = 0  #: orders that are answered at once
    lines: dict[PoolName, deque[TaskId]] = field(default_factory=dict)
    asked: dict[TaskId, PoolName] = field(default_factory=dict)
    refused: set[PoolName] = field(default_factory=set)
    sent: int = 0
    skipped: int = 0  #: that would not have paid
    failed: int = 0

    def is_quiet(self, event: Event, commands: Sequence[Command]) -> bool:
        """Whether all that follows from what happened is decided, once `commands` are.

        What is answered at once may bring work that is not of the future, and goes first.
        """
        self.unanswered -= isinstance(event, _ANSWERS)
        self.unanswered += sum(isinstance(command, _ASKED) for command in commands)
        return self.unanswered <= 0 and bool(self.ready or self.lines)

    def ask(self, runs: Mapping[RunId, "Run"], pools: Mapping[PoolName, Pool]) -> Iterator[Prepare]:
        """Yield the order for the next hint of each pool that has room for it."""
        while self.ready:
            self._join(self.ready.popleft(), runs)
        for name in [name for name in self.lines if name not in self.asked.values()]:
            line = self.lines[name]
            while line and not _is_wanted(line[0], runs):
                line.popleft()
            if line and has_room(pools[name]):
                self.asked[line[0]] = name
                self.unanswered += 1
                yield Prepare(line.popleft())
            if not line:
                del self.lines[name]

    def answered(self, task: TaskId) -> PoolName | None:
        """Return the pool of a hint that was being put together; None if `task` is none."""
        return self.asked.pop(task, None) if self.asked else None

    def goes(self, run: "Run", leader: PrimitiveId, pool: Pool, tokens: int) -> bool:
        """Whether a hint that has been put together is sent now; if not, it is dropped."""
        if run.ending is not None or not run.hints.is_wanted(leader):
            return False
        if has_room(pool) and pays(pool, tokens):
            self.sent += 1
            return True
        run.hints.drop((leader,))
        self.skipped += 1
        return False

    def failed_in(self, pool: PoolName, code: str) -> None:
        """Note that a hint came to nothing in an engine of `pool`."""
        self.failed += 1
        if code == "unsupported-op":
            self.refused.add(pool)
            self.lines.pop(pool, None)

    def _join(self, task: TaskId, runs: Mapping[RunId, "Run"]) -> None:
        if not _is_wanted(task, runs):
            return
        name = runs[task.run].growing.unit(task.unit).pool
        if name in self.refused:
            return
        line = self.lines.setdefault(name, deque())
        line.append(task)
        if len(line) > LINE_MAX:
            line.popleft()


def has_room(pool: Pool) -> bool:
    """Whether `pool` has nothing better to do, and is not nearly full."""
    return not pool.waiting and pool.has_slot and pool.utilisation <= UTILISATION_MAX


def pays(pool: Pool, tokens: int) -> bool:
    """Whether reading `tokens` ahead in an engine of `pool` gives more than a request costs.

    In one that is not idle it also takes the time that a prompt takes however short.
    """
    if tokens < BLOCKS_MIN * pool.block_tokens:
        return False
    if not isinstance(pool.costs, LanguageCosts):
        return True
    overhead_ms = REQUEST_MS + (pool.costs.prefill_fixed_ms if pool.busy else 0.0)
    return pool.costs.prefill_token_ms * tokens > overhead_ms


def piece_of(task: TaskId) -> Piece:
    """Return what leaves for an engine."""
    return Piece(task, 0, 1, LAST)


def told(run: "Run", leader: PrimitiveId, usage: Usage, now: float) -> PrimitiveFinished:
    """Return how a hint that was sent has gone."""
    progress = run.hints.inside[leader]
    progress.back(now, 1, usage)
    return PrimitiveFinished(
        run=run.id,
        primitive=leader,
        op=run.growing.primitive(leader).op,
        pool=run.growing.unit(leader).pool,
        replica=progress.replica,
        at=now,
        timing=progress.timing(now),
        usage=usage,
        cause=progress.cause,
    )


def replica_for(run: "Run", leader: PrimitiveId) -> int | None:
    """Return the replica that has read the beginning of a call, or of its elder hints."""
    found = run.hints.replicas
    if not found:
        return None
    unit = run.growing.unit(leader)
    own = found.get(unit.warms or leader)
    if own is not None:
        return own
    for region in run.growing.around(unit.region):
        child = run.children.get(region.exit)
        if child is not None and child[0] in found:
            return found[child[0]]
    return None


def _is_wanted(task: TaskId, runs: Mapping[RunId, "Run"]) -> bool:
    run = runs.get(task.run)
    return run is not None and run.ending is None and run.hints.is_wanted(task.unit)


def broken(run: "Run", inside: Collection[PrimitiveId]) -> Iterator[str]:
    """Yield a sentence for every law of hints that does not hold; `inside` are in engines."""
    hints = run.hints
    for leader in hints.waits:
        unit = run.growing.unit(leader)
        if unit.warms in run.open or unit.warms in run.done:
            yield f"{run.id}: the hint {leader} waits though it is too late"
        if hints.waits[leader] != len(unit.waits - run.done):
            yield f"{run.id}: the hint {leader} miscounts what it waits for"
    if set(hints.inside) - set(inside):
        yield f"{run.id}: hints {sorted(hints.inside)} are in no engine"
