"""What a run comes to: outputs or a failure with its place, every engine call, what has fired."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from spec.model import Origin, Step
from spec.values import JSON


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the author's document a run is: a step, blocks above it first, and the element.

    `positions` are those of the elements, the outermost first. Inside a module or a flow the place
    stays that of the author's step that called it.
    """

    step: str | None = None
    positions: tuple[int, ...] = ()
    origin: Origin | None = None
    foreign: bool = False

    def at(self, step: Step) -> "Place":
        """Return the place of `step`, one of the map that is being run here."""
        if self.foreign:
            return self
        path = step.id if self.step is None else f"{self.step}.{step.id}"
        return replace(self, step=path, origin=step.origin)

    def element(self, position: int) -> "Place":
        """Return the place of one element of the step that is here."""
        if self.foreign:
            return self
        return replace(self, positions=(*self.positions, position))

    def elsewhere(self) -> "Place":
        """Return the place of whatever another document does on behalf of the step here."""
        return replace(self, foreign=True)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a step failed, and where. `transient`: the same attempt may work another time."""

    code: str
    detail: str
    place: Place
    transient: bool = False


class Failure(Exception):
    """A step that failed, on its way to whoever can do something about it."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Fault:
    """What an engine answers instead of outputs."""

    code: str
    detail: str
    transient: bool = False


@dataclass(frozen=True, slots=True)
class EngineCall:
    """One call of an engine. A call that a timeout ended has neither an answer nor a fault."""

    op: str
    pool: str
    priority: int
    attempt: int
    params: Mapping[str, JSON]
    answer: Mapping[str, Any] | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run ended. `outputs` are None exactly when there is a `failure`.

    `fired` counts how often each construct of the language was met; `took_ms` is virtual time.
    """

    outputs: Mapping[str, JSON] | None
    failure: Trouble | None
    calls: tuple[EngineCall, ...]
    fired: Mapping[str, int]
    took_ms: int

    @property
    def status(self) -> str:
        """`succeeded` or `failed`."""
        return "succeeded" if self.failure is None else "failed"
