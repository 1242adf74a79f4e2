"""What all live runs hold: places in queues, batches in engines, calls of the clock; its end."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from executors.scheduler.chances import Chances
from executors.scheduler.commands import Abort, Command, Piece, RunFinished, WakeAt
from executors.scheduler.events import BatchId, RunId, TaskId, Trouble
from executors.scheduler.hints import HintLines
from executors.scheduler.pool import Pool
from executors.scheduler.run import Ending, Run
from planner.graph import PoolName, PrimitiveId


@dataclass(slots=True)
class Holdings:
    """Runs over pools. `runs_max` bounds the runs; each pool bounds its queue."""

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

    def _end(self, id: RunId, status: str, trouble: Trouble | None) -> list[Command]:
        """Begin to end a run: take it out of every queue, stop what only it waits for."""
        run = self.runs.get(id)
        if run is None or run.ending is not None:
            return []
        run.ending = Ending(status, trouble)
        for pool in self.pools.values():
            pool.leave(id)
        return [*self._abandon_unwanted(id), *self._close(run)]

    def _close(self, run: Run) -> list[Command]:
        if run.ending is None and run.is_done and run.inside == len(run.hints.inside) > 0:
            run.ending = Ending("succeeded", None)  # what is read ahead, nobody will ask for
            return self._abandon_unwanted(run.id)
        if not run.is_over():
            return []
        del self.runs[run.id]
        ending = run.ending or Ending("succeeded", None)
        return [RunFinished(run.id, ending.status, ending.trouble)]

    def _withdraw(self, run: Run, units: Collection[PrimitiveId]) -> list[Command]:
        """Take `units` out of every queue, and end the batches that nobody waits for any more."""
        for pool in self.pools.values():
            pool.leave(run.id, units)
        return self._abandon_unwanted(run.id)

    def _abandon(self, batch: BatchId) -> list[Command]:
        """End `batch` if something in it is unanswered and nothing of that is still wanted."""
        pieces = self.batches[batch].values()
        wanted = any(self.runs[piece.task.run].is_current(piece.task) for piece in pieces)
        return [Abort(batch)] if pieces and not wanted else []

    def _abandon_unwanted(self, run: RunId) -> list[Command]:
        carrying = [
            batch
            for batch, pieces in self.batches.items()
            if any(piece.task.run == run for piece in pieces.values())
        ]
        return [command for batch in carrying for command in self._abandon(batch)]

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
