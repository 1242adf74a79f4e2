"""A branch that was opened before its condition is known, and what that has cost until now."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from executors.scheduler.commands import PrimitiveFinished
from executors.usage import NOTHING, Usage
from planner.graph import PoolName, Primitive, PrimitiveId
from planner.structure import Structure
from planner.unit import Unit


@dataclass(slots=True)
class Guess:
    """What of `structure` is begun as if its condition were met.

    `end` and `closing` are its end as it was before; `started` are the author's steps of which work
    reached an engine: when, and of which pool.
    """

    structure: Structure
    end: Unit
    closing: Primitive
    started: dict[str, tuple[float, PoolName]] = field(default_factory=dict)
    primitives: int = 0
    execution_s: float = 0.0
    usage: Usage = NOTHING

    def start(self, steps: Iterable[str | None], pool: PoolName, now: float) -> None:
        """Note that work of `steps` has reached an engine."""
        for step in steps:
            if step is not None:
                self.started.setdefault(step, (now, pool))

    def spend(self, done: PrimitiveFinished) -> None:
        """Count what is done."""
        self.primitives += 1
        self.execution_s += done.timing.execution_s
        self.usage += done.usage

    def take_over(self, inner: "Guess") -> None:
        """Count as its own what was begun ahead inside it, where that is kept or goes with it."""
        self.primitives += inner.primitives
        self.execution_s += inner.execution_s
        self.usage += inner.usage
        for step, start in inner.started.items():
            self.started.setdefault(step, start)


def gates_of(structures: Iterable[Structure]) -> dict[PrimitiveId, PrimitiveId]:
    """Return the openings of structures that may be opened ahead, by their gates."""
    return {each.ahead.gate: each.opening for each in structures if each.ahead is not None}
