"""The whole scheduler: facts in with the time they happened, orders out.

Upper tier, `Run`: what is ready. Lower tier, `Pool`: what leaves together. `handle` is the only
way anything changes, and it is a function of nothing but the events so far: the same object serves
live traffic, virtual time and replay. What it holds is in `holdings.py`, what becomes of failures
in `failures.py`; here is what follows from work that is done.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from executors.scheduler.commands import (
    Command,
    Dispatch,
    Forget,
    Piece,
    Prepare,
    PrimitiveFinished,
    RunStarted,
    StepProgressed,
    StepStarted,
)
from executors.scheduler.events import (
    BatchEnded,
    BatchId,
    Event,
    FirstTokenSeen,
    ItemsClosed,
    PieceDone,
    PieceFailed,
    Prepared,
    PrepareFailed,
    RunAccepted,
    RunCancelled,
    Settled,
    TaskId,
    Trouble,
    Unfolded,
    Woke,
)
from executors.scheduler.failures import Failures
from executors.scheduler.guess import Guess
from executors.scheduler.hints import piece_of, replica_for, told
from executors.scheduler.pool import Pool
from executors.scheduler.run import Run
from executors.scheduler.settling import close_step, settle, take_in
from executors.scheduler.speculation import (
    close_gate,
    drop,
    keep,
    pass_gate,
    priority_of,
)
from executors.scheduler.streaming import (
    items_closed,
)
from executors.usage import NOTHING, Usage
from planner.graph import PrimitiveId
from planner.plan import Plan
from planner.structure import Shape


@dataclass(frozen=True, slots=True)
class Full:
    """Why no run is admitted now."""

    code: str
    detail: str


class Scheduler(Failures):
    """All live runs over all pools. `runs_max` bounds the runs; each pool bounds its queue."""

    __slots__ = ()

    def admits(self, plan: Plan) -> Full | None:
        """Return why a run of `plan` cannot be taken now, or None. Asked before it is accepted."""
        if len(self.runs) >= self.runs_max:
            return Full("too-many-runs", f"{self.runs_max} runs are live, as many as may be")
        for name in sorted({unit.pool for unit in plan.units.values()}):
            pool = self.pools[name]
            if len(pool.waiting) >= pool.limits.queue_max:
                return Full("queue-full", f"pool '{name}' has {len(pool.waiting)} tasks waiting")
        return None

    def handle(self, event: Event, now: float) -> list[Command]:
        """Take in one fact; return what is to be done about it, in order."""
        commands = self._handled(event, now)
        if self.hints.is_quiet(event, commands):
            commands += self.hints.ask(self.runs, self.pools)
        return commands

    def _handled(self, event: Event, now: float) -> list[Command]:  # noqa: C901  # a case an event
        match event:
            case RunAccepted():
                return self._accept(event, now)
            case RunCancelled(run):
                return self._end(run, "cancelled", None)
            case Prepared(task, rows, tokens=tokens):
                if (name := self.hints.answered(task)) is not None:
                    return self._hint(task, tokens, self.pools[name], now)
                return self._queue(task, rows, now)
            case Settled(task, shape):
                return self._settle(task, shape, now)
            case Unfolded():
                return self._take_in(event, now)
            case PrepareFailed(task, trouble):
                return self._prepare_failed(task, trouble, now)
            case FirstTokenSeen(batch, position):
                return self._first_token(batch, position, now)
            case ItemsClosed(batch, position, count):
                return self._items_closed(batch, position, count)
            case PieceDone(batch, position, usage):
                return self._piece_done(batch, position, usage, now)
            case PieceFailed(batch, position, trouble):
                return self._piece_failed(batch, position, trouble, now)
            case BatchEnded(batch):
                return self._batch_ended(batch, now)
            case Woke():
                return self._expire(now)
            case _:
                assert_never(event)

    def _accept(self, event: RunAccepted, now: float) -> list[Command]:
        run = Run(
            event.run, event.tenant, event.plan, event.deadline, event.priority, self.hints.ready
        )
        self.runs[run.id] = run
        ready = run.open_ready(tuple(run.plan.units), now)
        return [RunStarted(run.id, now), *map(Prepare, ready), *self._watch_deadlines(run)]

    def _queue(self, task: TaskId, rows: int, now: float) -> list[Command]:
        run = self.runs.get(task.run)
        if run is None or not run.is_current(task):
            return []
        unit = run.growing.unit(task.unit)
        run.open[task.unit].rows = rows
        self.arrivals += 1
        pool = self.pools[unit.pool]
        pool.join(task, rows, self.arrivals, priority_of(run, task.unit))
        return self._form(pool, now)

    def _settle(self, task: TaskId, shape: Shape, now: float) -> list[Command]:
        run = self.runs.get(task.run)
        if run is None or not run.is_current(task):
            return []
        commands = list(self._know(run, task.unit, shape.truth, now))
        commands += settle(run, task, shape, now)
        if task.unit in run.gates:
            commands += pass_gate(run, task.unit, self.pools, self.chances)
        if run.held:
            commands += self._decide(run, now)
        if run.ending is not None:
            return commands
        if run.deadlines:
            commands += self._watch_deadlines(run)
        return commands + self._close(run)

    def _know(self, run: Run, opening: PrimitiveId, met: bool, now: float) -> Iterator[Command]:
        """Keep or drop what was begun ahead of the condition at `opening`, if it is one."""
        branch = run.growing.structure(opening)
        if branch is None or branch.ahead is None:
            return
        self.chances.learn(run.tenant, run.plan.fingerprint, opening, met)
        close_gate(run, branch.ahead.gate)
        if branch.region_ahead in run.guesses and met:
            yield from keep(run, branch, self.pools.values())
        elif branch.region_ahead in run.guesses:
            gone, told = drop(run, branch, now)
            yield from (*self._withdraw(run, gone), Forget(run.id, tuple(sorted(gone))), told)

    def _take_in(self, event: Unfolded, now: float) -> list[Command]:
        run = self.runs.get(event.run)
        return list(take_in(run, event, now)) if run is not None and run.ending is None else []

    def _prepare_failed(self, task: TaskId, trouble: Trouble, now: float) -> list[Command]:
        run = self.runs.get(task.run)
        if self.hints.answered(task) is not None and run is not None:
            self.hints.failed += 1
            run.hints.drop((task.unit,))  # its call will tell of it, if it comes to that
        if run is None or not (run.is_current(task) or task.unit in run.unfoldings):
            return []
        return self._fail(run, task.unit, trouble, now)

    def _form(self, pool: Pool, now: float) -> list[Command]:
        commands: list[Command] = []
        for order in pool.form(BatchId(self.last_batch + 1), self._preferred):
            self.last_batch = order.batch
            self.batches[order.batch] = dict(enumerate(order.pieces))
            rows = sum(piece.stop - piece.start for piece in order.pieces)
            for piece in order.pieces:
                commands += self._leave(piece, order, rows, now)
            commands.append(order)
        return commands

    def _preferred(self, task: TaskId) -> int | None:
        return replica_for(self.runs[task.run], task.unit)

    def _hint(self, task: TaskId, tokens: int, pool: Pool, now: float) -> list[Command]:
        """Send a hint, if it is still of use and pays."""
        run = self.runs.get(task.run)
        if run is None or not self.hints.goes(run, task.unit, pool, tokens):
            return []
        self.last_batch = BatchId(self.last_batch + 1)
        order = pool.place(self.last_batch, piece_of(task), self._preferred(task))
        self.batches[order.batch] = dict(enumerate(order.pieces))
        run.inside += 1
        run.hints.send(task.unit, order.replica, now, run.last)
        return [order]

    def _hint_over(self, run: Run, leader: PrimitiveId, said: list[Command]) -> list[Command]:
        """Let go of a hint that an engine has answered, or given up."""
        del run.hints.inside[leader]
        if leader in run.hints.orphans:
            run.hints.orphans.remove(leader)
            run.growing.forget((leader,))
            said = [*said, Forget(run.id, (leader,))]
        return said + self._close(run)

    def _leave(self, piece: Piece, order: Dispatch, rows: int, now: float) -> list[Command]:
        run = self.runs[piece.task.run]
        run.inside += 1
        run.open[piece.task.unit].leave(now, rows, order.replica)
        if (guess := self._guess(run, piece.task.unit)) is not None:
            members = run.growing.unit(piece.task.unit).members
            guess.start((run.growing.primitive(id).step for id in members), order.pool, now)
            return []
        steps = run.start_steps(piece.task.unit, now)
        return [StepStarted(run.id, step, order.pool) for step in steps]

    def _first_token(self, batch: BatchId, position: int, now: float) -> list[Command]:
        piece = self.batches[batch][position]
        run = self.runs[piece.task.run]
        if not run.is_current(piece.task):
            return []
        head, *rest = run.growing.unit(piece.task.unit).members
        if not rest or head in run.done:
            return []
        progress = run.open[piece.task.unit]
        commands = self._finish(run, piece.task.unit, head, NOTHING, now)
        progress.restart(now)
        return commands

    def _items_closed(self, batch: BatchId, position: int, count: int) -> list[Command]:
        piece = self.batches[batch][position]
        run = self.runs[piece.task.run]
        if not run.is_current(piece.task):
            return []
        head, *_, decode = run.growing.unit(piece.task.unit).members
        run.last = head  # what is begun now follows from it, and from what has been said since
        return list(items_closed(run, decode, count))

    def _piece_done(self, batch: BatchId, position: int, usage: Usage, now: float) -> list[Command]:
        piece = self.batches[batch].pop(position)
        run = self.runs[piece.task.run]
        run.inside -= 1
        if piece.task.unit in run.hints.inside:
            said = [] if run.ending is not None else [told(run, piece.task.unit, usage, now)]
            return self._hint_over(run, piece.task.unit, [*said])
        commands = self._abandon(batch)
        if not run.is_current(piece.task):
            return commands + self._close(run)
        progress = run.open[piece.task.unit]
        if not progress.back(now, piece.stop - piece.start, usage):
            return commands + self._told(run, piece.task.unit)
        *heads, last = run.growing.unit(piece.task.unit).members
        for head in heads:
            if head not in run.done:
                commands += self._finish(run, piece.task.unit, head, NOTHING, now)
                progress.restart(now)
        commands += self._finish(run, piece.task.unit, last, progress.usage, now)
        del run.open[piece.task.unit]
        return commands + self._close(run)

    def _guess(self, run: Run, leader: PrimitiveId) -> Guess | None:
        """Return what a unit was begun with ahead of a condition, if it was."""
        return run.guess_around(run.growing.unit(leader).region) if run.guesses else None

    def _told(self, run: Run, unit: PrimitiveId) -> list[Command]:
        progress = run.open[unit]
        if not progress.moved_on() or self._guess(run, unit) is not None:
            return []
        return [StepProgressed(run.id, unit, progress.rows_done, progress.rows)]

    def _finish(
        self, run: Run, unit: PrimitiveId, primitive: PrimitiveId, usage: Usage, now: float
    ) -> list[Command]:
        progress = run.open[unit]
        finished = PrimitiveFinished(
            run=run.id,
            primitive=primitive,
            op=run.growing.primitive(primitive).op,
            pool=run.growing.unit(unit).pool,
            replica=progress.replica,
            at=now,
            timing=progress.timing(now),
            usage=usage,
            cause=progress.cause,
        )
        if (guess := self._guess(run, unit)) is not None:
            guess.spend(finished)
        run.last = progress.cause = primitive
        commands: list[Command] = [finished, *close_step(run, primitive, now)]
        return commands + [Prepare(task) for task in run.finish(primitive, now)]

    def _piece_failed(
        self, batch: BatchId, position: int, trouble: Trouble, now: float
    ) -> list[Command]:
        piece = self.batches[batch].pop(position)
        run = self.runs[piece.task.run]
        run.inside -= 1
        if piece.task.unit in run.hints.inside:
            if run.ending is None:
                self.hints.failed_in(run.growing.unit(piece.task.unit).pool, trouble.code)
            return self._hint_over(run, piece.task.unit, [])
        if not run.is_current(piece.task):
            return self._abandon(batch) + self._close(run)
        commands = self._fail(run, piece.task.unit, trouble, now)
        return commands + [abort for abort in self._abandon(batch) if abort not in commands]

    def _batch_ended(self, batch: BatchId, now: float) -> list[Command]:
        left = self.batches.pop(batch)
        if left:
            raise ValueError(f"batch {batch} ended with {len(left)} pieces unanswered")
        pool = next(pool for pool in self.pools.values() if batch in pool.busy)
        pool.free(batch)
        return self._form(pool, now)
