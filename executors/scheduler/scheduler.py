"""The whole scheduler: facts in with the time they happened, orders out.

Upper tier, `Run`: what is ready. Lower tier, `Pool`: what leaves together. `handle` is the only
way anything changes, and it is a function of nothing but the events so far: the same object serves
live traffic, virtual time and replay.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from executors.scheduler.chances import Chances
from executors.scheduler.commands import (
    Abort,
    Command,
    Dispatch,
    Forget,
    Piece,
    Prepare,
    PrimitiveFinished,
    RunFinished,
    RunStarted,
    StandIn,
    StepProgressed,
    StepStarted,
    WakeAt,
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
    RunId,
    Settled,
    TaskId,
    Trouble,
    Unfolded,
    Woke,
)
from executors.scheduler.guess import Guess
from executors.scheduler.hints import HintLines, piece_of, replica_for, told
from executors.scheduler.pool import Pool
from executors.scheduler.run import Ending, Run
from executors.scheduler.settling import close_step, settle, take_in
from executors.scheduler.speculation import (
    close_gate,
    drop,
    keep,
    pass_gate,
    priority_of,
)
from executors.scheduler.streaming import (
    is_provisional,
    items_closed,
    take_back,
    take_back_of,
)
from executors.usage import NOTHING, Usage
from planner.graph import PoolName, PrimitiveId
from planner.plan import Plan
from planner.structure import Region, Shape


@dataclass(frozen=True, slots=True)
class Full:
    """Why no run is admitted now."""

    code: str
    detail: str


@dataclass(slots=True)
class Scheduler:
    """All live runs over all pools. `runs_max` bounds the runs; each pool bounds its queue."""

    pools: Mapping[PoolName, Pool]
    runs_max: int
    runs: dict[RunId, Run] = field(default_factory=dict)
    batches: dict[BatchId, dict[int, Piece]] = field(default_factory=dict)  #: pieces not answered
    arrivals: int = 0
    last_batch: int = 0
    wake_at: float | None = None  #: the earliest moment a `WakeAt` has been ordered for
    later: dict[TaskId, float] = field(default_factory=dict)  #: attempts that an engine put off
    chances: Chances = field(default_factory=Chances)
    hints: HintLines = field(default_factory=HintLines)

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
        return [RunStarted(run.id), *map(Prepare, ready), *self._watch_deadlines(run)]

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

    def _fail(self, run: Run, leader: PrimitiveId, trouble: Trouble, now: float) -> list[Command]:
        """Try again what failed, put something in its place, or end the run."""
        inner = run.region_of(leader)
        if trouble.transient and run.attempts.has_failed(run.within(inner), run.since(leader)):
            return self._again(run, leader, trouble.wait_s, now)
        for region in run.within(inner):
            if region.id in run.guesses:
                run.held[leader] = trouble
                return self._withdraw(run, {leader})
            if trouble.transient and run.attempts.is_left(region):
                run.fail_attempt(region.id, now)
                return self._again(run, leader, trouble.wait_s, now)
            if region.instead is not None:
                return self._replace(run, region)
            if is_provisional(run, region):
                run.held.setdefault(leader, trouble)
                return self._withdraw(run, {leader})
        return self._end(run.id, "failed", trouble)

    def _decide(self, run: Run, now: float) -> list[Command]:
        """See to what has failed of lists that may be whole by now, or behind known conditions."""
        commands: list[Command] = []
        for leader in list(run.held):
            if run.ending is None and (trouble := run.held.pop(leader, None)) is not None:
                commands += self._fail(run, leader, trouble, now)
        return commands

    def _again(self, run: Run, leader: PrimitiveId, wait_s: float, now: float) -> list[Command]:
        """Begin a unit that failed once more, in `wait_s`."""
        gone = take_back(run, run.growing.unit(leader).members)
        task = run.again(leader, now)
        if wait_s > 0:
            self.later[task] = now + wait_s
        again = [] if wait_s > 0 else [Prepare(task)]
        withdrawn = self._withdraw(run, {leader, *gone})
        forget = [Forget(run.id, tuple(sorted(gone)))] if gone else []
        return [*withdrawn, *forget, *self._watch_deadlines(run), *again]

    def _replace(self, run: Run, region: Region) -> list[Command]:
        """Give up `region`, and order what stands in for it."""
        gone = take_back_of(run, region.id) | run.drop(region.id)
        commands = self._withdraw(run, gone)
        run.ordered[region.exit, None] = region.within
        forget = Forget(run.id, tuple(sorted(gone)))
        return [*commands, forget, StandIn(run.id, region.id)]

    def _withdraw(self, run: Run, units: Collection[PrimitiveId]) -> list[Command]:
        """Take `units` out of every queue, and end the batches that nobody waits for any more."""
        for pool in self.pools.values():
            pool.leave(run.id, units)
        return self._abandon_unwanted(run.id)

    def _abandon_unwanted(self, run: RunId) -> list[Command]:
        carrying = [
            batch
            for batch, pieces in self.batches.items()
            if any(piece.task.run == run for piece in pieces.values())
        ]
        return [command for batch in carrying for command in self._abandon(batch)]

    def _batch_ended(self, batch: BatchId, now: float) -> list[Command]:
        left = self.batches.pop(batch)
        if left:
            raise ValueError(f"batch {batch} ended with {len(left)} pieces unanswered")
        pool = next(pool for pool in self.pools.values() if batch in pool.busy)
        pool.free(batch)
        return self._form(pool, now)

    def _end(self, id: RunId, status: str, trouble: Trouble | None) -> list[Command]:
        """Begin to end a run: take it out of every queue, stop what only it waits for."""
        run = self.runs.get(id)
        if run is None or run.ending is not None:
            return []
        run.ending = Ending(status, trouble)
        for pool in self.pools.values():
            pool.leave(id)
        return [*self._abandon_unwanted(id), *self._close(run)]

    def _abandon(self, batch: BatchId) -> list[Command]:
        """End `batch` if something in it is unanswered and nothing of that is still wanted."""
        pieces = self.batches[batch].values()
        wanted = any(self.runs[piece.task.run].is_current(piece.task) for piece in pieces)
        return [Abort(batch)] if pieces and not wanted else []

    def _close(self, run: Run) -> list[Command]:
        if run.ending is None and run.is_done and run.inside == len(run.hints.inside) > 0:
            run.ending = Ending("succeeded", None)  # what is read ahead, nobody will ask for
            return self._abandon_unwanted(run.id)
        if not run.is_over():
            return []
        del self.runs[run.id]
        ending = run.ending or Ending("succeeded", None)
        return [RunFinished(run.id, ending.status, ending.trouble)]

    def _expire(self, now: float) -> list[Command]:
        self.wake_at = None
        late = [run.id for run in self.runs.values() if run.deadline <= now]
        trouble = Trouble("deadline-exceeded", "the run was not finished by its deadline")
        commands = [command for id in late for command in self._end(id, "expired", trouble)]
        for run in list(self.runs.values()):  # one that holds nothing in an engine goes at once
            while run.ending is None and (region := run.late(now)) is not None:
                commands += self._time_out(run, region)
        due = [task for task, when in self.later.items() if when <= now]
        for task in due:
            del self.later[task]
        wanted = (task for task in due if task.run in self.runs)
        commands += [Prepare(task) for task in wanted if self.runs[task.run].is_current(task)]
        return commands + self._watch_deadlines(*self.runs.values())

    def _time_out(self, run: Run, late: Region) -> list[Command]:
        del run.deadlines[late.id]
        detail = f"this took longer than {late.timeout_ms} ms"
        trouble = Trouble("timed-out", detail, late.exit, run.growing.unit(late.exit).pool)
        for region in run.within(late.id):
            if region.instead is not None:
                return self._replace(run, region)
            if is_provisional(run, region):
                return self._stop(run, late, trouble)
        return self._end(run.id, "failed", trouble)

    def _stop(self, run: Run, late: Region, trouble: Trouble) -> list[Command]:
        """Let nothing go on in a region that is late, and decide later what comes of it."""
        gone = take_back_of(run, late.id) | run.drop(late.id)
        run.hold(late, trouble)
        forget = Forget(run.id, tuple(sorted(gone - {late.exit})))
        return [*self._withdraw(run, gone), forget]

    def _watch_deadlines(self, *changed: Run) -> list[Command]:
        """Order a call for the earliest deadline of runs that may have a new one, or attempt that
        was put off, unless one at least as early is on its way.
        """
        live = [run for run in changed if run.ending is None]
        pending = [when for run in live for when in (run.deadline, *run.deadlines.values())]
        pending += self.later.values()
        if not pending or (self.wake_at is not None and self.wake_at <= min(pending)):
            return []
        self.wake_at = min(pending)
        return [WakeAt(self.wake_at)]
