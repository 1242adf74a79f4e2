"""What becomes of work that failed or took too long: tried again, replaced, or its run ends."""

from executors.scheduler.commands import Command, Forget, Prepare, StandIn
from executors.scheduler.events import Trouble
from executors.scheduler.holdings import Holdings
from executors.scheduler.run import Run
from executors.scheduler.streaming import is_provisional, take_back, take_back_of
from planner.graph import PrimitiveId
from planner.structure import Region


class Failures(Holdings):
    """Decides about failures, by the regions that the failed work is in."""

    __slots__ = ()

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
