"""Does what a command asks when that needs no waiting: everything but running batches.

Both drivers share it, so a run tells the same story in virtual time as in a live service.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from executors.engines.engine import EngineTraits
from executors.scheduler.commands import (
    Abort,
    Command,
    Dispatch,
    Piece,
    Prepare,
    PrimitiveFinished,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    WakeAt,
)
from executors.scheduler.events import Event, RunId, Trouble
from executors.store.record import EventKind
from executors.usage import Usage
from executors.workspace import Workspace
from planner.graph import PoolName
from planner.plan import Plan
from spec.values import JSON

#: Adds one event of a kind, with its data, to the story of a run.
Append = Callable[[str, EventKind, dict[str, Any]], object]


@dataclass(slots=True)
class _Tally:
    """What the primitives of one step, or of one run, add up to."""

    usage: Usage = field(default_factory=Usage)
    queue_ms: float = 0.0
    batch_ms: float = 0.0
    execution_ms: float = 0.0
    engines: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)

    def add(self, data: Mapping[str, Any], usage: Usage) -> None:
        self.usage += usage
        self.queue_ms += data["queue_ms"]
        self.batch_ms += data["batch_ms"]
        self.execution_ms += data["execution_ms"]
        for names, name in ((self.engines, data["engine"]), (self.models, data["model"])):
            if name not in names:
                names.append(name)


@dataclass(slots=True)
class _Story:
    """What is known of one run while it is told."""

    started: float
    total: _Tally = field(default_factory=_Tally)
    steps: dict[str, _Tally] = field(default_factory=dict)
    outputs: dict[str, JSON] = field(default_factory=dict)


class Performer:
    """Writes the story of every run and keeps its values.

    `traits` are the facts of each pool's engine; `clock` is the driver's.
    """

    def __init__(
        self,
        workspace: Workspace,
        append: Append,
        traits: Mapping[PoolName, EngineTraits],
        clock: Callable[[], float],
        after_run: Callable[[str], object],
    ) -> None:
        self.workspace = workspace
        self._append = append
        self._traits = traits
        self._clock = clock
        self._after_run = after_run
        self._stories: dict[RunId, _Story] = {}

    def perform(self, command: Command) -> Event | None:
        """Do `command`; return the event that answers it, if one does."""
        match command:
            case Prepare(task):
                return self.workspace.prepare(task)
            case RunStarted(run):
                self._stories[run] = _Story(started=self._clock())
                self._append(run, "run.started", {})
            case StepStarted(run, step, pool):
                self._append(run, "step.started", {"step": step, "pool": pool})
            case PrimitiveFinished():
                self._primitive_finished(command)
            case StepFinished():
                self._step_finished(command)
            case RunFinished():
                self._run_finished(command)
            case Dispatch() | Abort() | WakeAt():
                raise TypeError(f"{type(command).__name__} is for a driver to perform")
        return None

    def stream(self, piece: Piece, text: str) -> None:
        """Show `text`, the next piece of what `piece` gives, in each output that streams it."""
        plan = self.workspace.plan(piece.task.run)
        last = plan.units[piece.task.unit].members[-1]
        for output in plan.streams.get(last, ()) if text else ():
            self._append(piece.task.run, "output.delta", {"output": output, "text": text})

    def _primitive_finished(self, done: PrimitiveFinished) -> None:
        plan = self.workspace.plan(done.run)
        primitive = plan.graph[done.primitive]
        traits = self._traits[done.pool]
        timing = done.timing
        data = {
            "primitive": primitive.id,
            "op": primitive.op,
            "step": primitive.step,
            "pool": done.pool,
            "engine": traits.name,
            "model": traits.model,
            "replica": done.replica,
            "rows": timing.rows,
            "batch_rows": timing.batch_rows,
            "queue_ms": _ms(timing.queue_s),
            "batch_ms": _ms(timing.batch_s),
            "execution_ms": _ms(timing.execution_s),
            "usage": done.usage.as_data(),
        }
        story = self._stories[done.run]
        story.total.add(data, done.usage)
        if primitive.step is not None:
            story.steps.setdefault(primitive.step, _Tally()).add(data, done.usage)
        self._append(done.run, "primitive.finished", data)
        for output, id in plan.outputs.items():
            if id == done.primitive:
                value = story.outputs[output] = self.workspace.output(done.run, id)
                self._append(done.run, "output.finished", {"output": output, "value": value})

    def _step_finished(self, done: StepFinished) -> None:
        tally = self._stories[done.run].steps.pop(done.step)
        data = {
            "step": done.step,
            "status": "succeeded",
            "engine": " + ".join(tally.engines),
            "model": " + ".join(tally.models),
            "queue_ms": round(tally.queue_ms, 3),
            "batch_ms": round(tally.batch_ms, 3),
            "execution_ms": round(tally.execution_ms, 3),
            "duration_ms": _ms(done.duration_s),
            "usage": tally.usage.as_data(),
        }
        self._append(done.run, "step.finished", data)

    def _run_finished(self, done: RunFinished) -> None:
        plan = self.workspace.plan(done.run)
        story = self._stories.pop(done.run)
        outputs = None
        if done.status == "succeeded":
            outputs = {output: story.outputs[output] for output in plan.outputs}
        data = {
            "status": done.status,
            "outputs": outputs,
            "usage": story.total.usage.as_data(),
            "duration_ms": _ms(self._clock() - story.started),
            "problem": problem(plan, done.trouble) if done.trouble else None,
        }
        self.workspace.drop(done.run)
        self._after_run(done.run)
        self._append(done.run, "run.finished", data)


def problem(plan: Plan, trouble: Trouble) -> dict[str, Any]:
    """Return `trouble` as a problem document that points at the author's line."""
    found: dict[str, Any] = {
        "type": f"/problems/{trouble.code}",
        "title": "The run could not be finished",
        "code": trouble.code,
        "detail": trouble.detail,
        "pool": trouble.pool,
    }
    if trouble.primitive is not None:
        primitive = plan.graph[trouble.primitive]
        found |= {"step": primitive.step, "primitive": primitive.id, "op": primitive.op}
        found |= asdict(primitive.origin)
    return found


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
