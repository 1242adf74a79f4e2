"""One run: what is done, what is ready, and how it ends. Knows no pool and no other run."""

from dataclasses import dataclass, field

from executors.scheduler.events import RunId, TaskId, Trouble
from executors.scheduler.progress import Progress
from planner.graph import PrimitiveId
from planner.plan import Plan


@dataclass(slots=True)
class Ending:
    """How a run will end once nothing of it is left in an engine."""

    status: str
    trouble: Trouble | None


@dataclass(slots=True)
class Run:
    """Progress over a plan that it never changes.

    Every unit is in exactly one of: `missing` (waits for others), `open` (ready, queued or in an
    engine), or closed (all members in `done`).
    """

    id: RunId
    tenant: str
    plan: Plan
    deadline: float
    priority: int
    missing: dict[PrimitiveId, int] = field(init=False)  #: primitives each unit still waits for
    open: dict[PrimitiveId, Progress] = field(default_factory=dict)
    done: set[PrimitiveId] = field(default_factory=set)
    steps_left: dict[str, int] = field(init=False)  #: primitives each step still waits for
    steps_started: dict[str, float] = field(default_factory=dict)
    inside: int = 0  #: pieces in engines
    ending: Ending | None = None

    def __post_init__(self) -> None:
        self.missing = {leader: len(unit.waits) for leader, unit in self.plan.units.items()}
        self.steps_left = {step: len(ids) for step, ids in self.plan.steps.items()}

    def open_ready(self, candidates: tuple[PrimitiveId, ...], now: float) -> list[TaskId]:
        """Open those of `candidates` that wait for nothing more."""
        ready = [leader for leader in candidates if self.missing.get(leader) == 0]
        for leader in ready:
            del self.missing[leader]
            self.open[leader] = Progress(ready_at=now)
        return [TaskId(self.id, leader) for leader in ready]

    def finish(self, primitive: PrimitiveId, now: float) -> list[TaskId]:
        """Note that `primitive` is done; return what becomes ready by it."""
        self.done.add(primitive)
        readers = self.plan.readers.get(primitive, ())
        for leader in readers:
            self.missing[leader] -= 1
        return self.open_ready(readers, now)

    def start_steps(self, leader: PrimitiveId, now: float) -> list[str]:
        """Note that unit `leader` has left; return the author's steps that it is the first of."""
        started = []
        for primitive in self.plan.units[leader].members:
            step = self.plan.graph[primitive].step
            if step is not None and step not in self.steps_started:
                self.steps_started[step] = now
                started.append(step)
        return started

    def close_step(self, primitive: PrimitiveId) -> str | None:
        """Return the author's step that `primitive` was the last of, if it was."""
        step = self.plan.graph[primitive].step
        if step is None:
            return None
        self.steps_left[step] -= 1
        return step if self.steps_left[step] == 0 else None

    def is_over(self) -> bool:
        """All work is done, or the run is ending and no engine holds any of it."""
        if self.ending is not None:
            return self.inside == 0
        return not self.missing and not self.open
