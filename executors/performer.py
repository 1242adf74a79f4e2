"""Does what a command asks when that needs no waiting: everything but running batches.

Both drivers share it, so a run tells the same story in virtual time as in a live service.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from executors.engines.engine import EngineTraits
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
    Speculated,
    StandIn,
    StepFinished,
    StepProgressed,
    StepStarted,
    Unfold,
    WakeAt,
)
from executors.scheduler.events import Event, PrepareFailed, RunId, TaskId, Trouble, Unfolded
from executors.store.record import EventKind
from executors.usage import Usage
from executors.workspace import Workspace
from planner.errors import BrokenPass, PlanTooLarge
from planner.graph import PoolName, Primitive, RegionId
from planner.growing import GrowingPlan
from planner.structure import Delta, Structure
from planner.unfold import close, open_child, stand_in
from spec.values import JSON

#: Primitives that were opened in a run and have an event of their own; steps count them all.
UNFOLDED_TOLD_MAX = 1_000

#: Times that a run tells how far a step has come.
PROGRESS_TOLD_MAX = 200

#: Adds one event of a kind, with its data, to the story of a run.
Append = Callable[[str, EventKind, dict[str, Any]], object]


@dataclass(slots=True)
class _Tally:
    """What the primitives of one step add up to."""

    usage: Usage = field(default_factory=Usage)
    queue_s: float = 0.0
    batch_s: float = 0.0
    execution_s: float = 0.0
    primitives: int = 0
    engines: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)

    def add(self, done: PrimitiveFinished, traits: EngineTraits) -> None:
        self.primitives += 1
        self.queue_s += done.timing.queue_s
        self.batch_s += done.timing.batch_s
        self.execution_s += done.timing.execution_s
        if traits.name not in self.engines:
            self.engines.append(traits.name)
        if traits.model not in self.models:
            self.models.append(traits.model)


@dataclass(slots=True)
class _Story:
    """What is known of one run while it is told."""

    started: float
    usage: Usage = field(default_factory=Usage)
    steps: dict[str, _Tally] = field(default_factory=dict)
    outputs: dict[str, JSON] = field(default_factory=dict)
    shown: dict[str, frozenset[RegionId]] = field(default_factory=dict)  #: in part, and around it
    unfolded_told: int = 0
    progress_told: int = 0

    def tally(self, step: str) -> _Tally:
        """Return what is added up of `step`, from now on if it was not yet."""
        found = self.steps.get(step)
        if found is None:
            found = self.steps[step] = _Tally()
        return found


class Performer:
    """Writes the story of every run and keeps its values.

    `traits` are the facts of each pool's engine; `clock` is the driver's; `on_bug` is told of a
    pass that broke what it rewrote, which is then opened as it stands.
    """

    def __init__(
        self,
        workspace: Workspace,
        append: Append,
        traits: Mapping[PoolName, EngineTraits],
        clock: Callable[[], float],
        after_run: Callable[[str], object],
        on_bug: Callable[[Exception], object],
    ) -> None:
        self._on_bug = on_bug
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
                if task.attempt:
                    self._restart(task.run, self._shown(task))
                return self.workspace.prepare(task)
            case Unfold() | StandIn() | Forget():
                return self._grow(command)
            case Dispatch() | Abort() | WakeAt():
                raise TypeError(f"{type(command).__name__} is for a driver to perform")
            case _:
                self._tell(command)
                return None

    def _grow(self, command: Unfold | StandIn | Forget) -> Event | None:
        match command:
            case Forget(run, units, region):
                self.workspace.forget(run, units, region)
                return None
            case StandIn(run, region):
                growing = self.workspace.growing(run)
                within = self._stories[run].shown.items()
                self._restart(run, [output for output, around in within if region in around])
                delta = stand_in(growing.region(region))
                growing.add(delta)
                return Unfolded(run, delta)
            case Unfold():
                return self._unfold(command)

    def _tell(
        self,
        command: RunStarted
        | StepStarted
        | StepProgressed
        | PrimitiveFinished
        | StepFinished
        | Speculated
        | RunFinished,
    ) -> None:
        match command:
            case RunStarted(run, at):
                self._stories[run] = _Story(started=at)
                self._append(run, "run.started", {})
            case StepStarted(run, step, pool):
                self._append(run, "step.started", {"step": step, "pool": pool})
            case StepProgressed():
                self._progressed(command)
            case PrimitiveFinished():
                self._primitive_finished(command)
            case StepFinished():
                self._step_finished(command)
            case Speculated():
                self._speculated(command)
            case RunFinished():
                self._run_finished(command)

    def shows(self, piece: Piece) -> Collection[str]:
        """Return the outputs that show the text of `piece` as it comes."""
        return self._shown(piece.task)

    def fed_by(self, piece: Piece) -> tuple[Structure, ...]:
        """Return what takes the items of `piece` as they close."""
        growing = self.workspace.growing(piece.task.run)
        return growing.fed_by(growing.unit(piece.task.unit).members[-1])

    def _shown(self, task: TaskId) -> Collection[str]:
        growing = self.workspace.growing(task.run)
        return growing.showing(growing.unit(task.unit).members[-1])

    def step_of(self, task: TaskId) -> str | None:
        """Return the author's step that `task` is for. Its run is live, and its unit wanted."""
        return self.workspace.growing(task.run).primitive(task.unit).step

    def spend(self, run: RunId, step: str | None, usage: Usage) -> None:
        """Count what an engine has counted for `step`, whatever becomes of its answer.

        A step has the tokens of attempts that failed, and so has its run; a primitive has not.
        """
        story = self._stories[run]
        story.usage += usage
        if step is not None:
            story.tally(step).usage += usage

    def stream(self, piece: Piece, text: str) -> None:
        """Show `text`, the next piece of what `piece` gives, in each output that streams it."""
        if not text or not self.workspace.wants(piece.task):
            return
        run, story = piece.task.run, self._stories[piece.task.run]
        for output in self.shows(piece):
            if output not in story.shown:
                growing = self.workspace.growing(run)
                around = growing.around(growing.unit(piece.task.unit).region)
                story.shown[output] = frozenset(region.id for region in around)
            self._append(run, "output.delta", {"output": output, "text": text})

    def _restart(self, run: RunId, outputs: Iterable[str]) -> None:
        """Say that what was shown in `outputs`, if anything was, counts no more."""
        shown = self._stories[run].shown
        for output in outputs:
            if shown.pop(output, None) is not None:
                self._append(run, "output.restarted", {"output": output})

    def _unfold(self, order: Unfold) -> Event:
        growing = self.workspace.growing(order.run)
        structure = growing.structure(order.opening)
        if structure is None:
            raise ValueError(f"{order.opening} opens nothing")
        try:
            delta = self._opened(order, structure, growing)
        except PlanTooLarge as error:
            trouble = Trouble("too-large", str(error), order.opening)
            return PrepareFailed(TaskId(order.run, order.opening), trouble)
        growing.add(delta)
        return Unfolded(order.run, delta, order.opening, order.child)

    def _opened(self, order: Unfold, structure: Structure, growing: GrowingPlan) -> Delta:
        library = growing.plan.library
        if order.child is None:
            return close(structure, order.over, order.shape, library)
        try:
            return open_child(structure, order.child, order.shape, library, growing.feeds)
        except BrokenPass as error:
            self._on_bug(error)
        return open_child(structure, order.child, order.shape, library.plain(), growing.feeds)

    def _primitive_finished(self, done: PrimitiveFinished) -> None:
        growing = self.workspace.growing(done.run)
        plan = growing.plan
        primitive = growing.primitive(done.primitive)
        traits = self._traits[done.pool]
        story = self._stories[done.run]
        if primitive.step is not None and primitive.warms is None:
            story.tally(primitive.step).add(done, traits)
        if done.primitive in plan.graph.primitives or story.unfolded_told < UNFOLDED_TOLD_MAX:
            story.unfolded_told += done.primitive not in plan.graph.primitives
            done_ms = _ms(done.at - story.started)
            told = {**_told(done, primitive, traits), "done_ms": done_ms}
            self._append(done.run, "primitive.finished", told)
        for output, id in plan.outputs.items():
            if id == done.primitive:
                value = story.outputs[output] = self.workspace.output(done.run, id)
                self._append(done.run, "output.finished", {"output": output, "value": value})

    def _progressed(self, far: StepProgressed) -> None:
        story = self._stories[far.run]
        primitive = self.workspace.growing(far.run).primitive(far.primitive)
        if primitive.step is None or story.progress_told == PROGRESS_TOLD_MAX:
            return
        story.progress_told += 1
        data = {
            "step": primitive.step,
            "primitive": primitive.id,
            "of": "elements" if far.elements else "rows",
            "done": far.done,
            "total": far.total,
        }
        self._append(far.run, "step.progress", data)

    def _step_finished(self, done: StepFinished) -> None:
        tally = self._stories[done.run].steps.pop(done.step, None) or _Tally()
        data = {
            "step": done.step,
            "status": "skipped" if done.skipped else "succeeded",
            "engine": " + ".join(tally.engines),
            "model": " + ".join(tally.models),
            "queue_ms": _ms(tally.queue_s),
            "batch_ms": _ms(tally.batch_s),
            "execution_ms": _ms(tally.execution_s),
            "duration_ms": _ms(done.duration_s),
            "primitives": tally.primitives,
            "usage": tally.usage.as_data(),
        }
        self._append(done.run, "step.finished", data)

    def _speculated(self, done: Speculated) -> None:
        data = {
            "step": self.workspace.growing(done.run).primitive(done.opening).step,
            "primitive": done.opening,
            "kept": done.kept,
            "primitives": done.primitives,
            "execution_ms": _ms(done.execution_s),
            "usage": done.usage.as_data(),
        }
        self._append(done.run, "step.speculated", data)

    def _run_finished(self, done: RunFinished) -> None:
        growing = self.workspace.growing(done.run)
        plan = growing.plan
        story = self._stories.pop(done.run)
        outputs = None
        if done.status == "succeeded":
            outputs = {output: story.outputs[output] for output in plan.outputs}
        data = {
            "status": done.status,
            "outputs": outputs,
            "usage": story.usage.as_data(),
            "duration_ms": _ms(self._clock() - story.started),
            "problem": problem(growing, done.trouble) if done.trouble else None,
        }
        self.workspace.drop(done.run)
        self._after_run(done.run)
        self._append(done.run, "run.finished", data)


def _told(done: PrimitiveFinished, primitive: Primitive, traits: EngineTraits) -> dict[str, Any]:
    timing = done.timing
    return {
        "primitive": primitive.id,
        "op": primitive.op,
        "step": primitive.step,
        "pool": done.pool,
        "engine": traits.name,
        "model": traits.model,
        "replica": done.replica,
        "after": done.cause,
        "rows": timing.rows,
        "batch_rows": timing.batch_rows,
        "queue_ms": _ms(timing.queue_s),
        "batch_ms": _ms(timing.batch_s),
        "execution_ms": _ms(timing.execution_s),
        "usage": done.usage.as_data(),
    }


def problem(growing: GrowingPlan, trouble: Trouble) -> dict[str, Any]:
    """Return `trouble` as a problem document that points at the author's line."""
    found: dict[str, Any] = {
        "type": f"/problems/{trouble.code}",
        "title": "The run could not be finished",
        "code": trouble.code,
        "detail": trouble.detail,
        "pool": trouble.pool,
    }
    if trouble.primitive is not None:
        primitive = growing.primitive(trouble.primitive)
        found |= {"step": primitive.step, "primitive": primitive.id, "op": primitive.op}
        found |= asdict(primitive.origin)
    return found


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
