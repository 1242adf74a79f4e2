"""What holds where a step stands: the names in scope, its place, how its calls are routed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from spec.model import Step
from spec.values import JSON
from tests.interpreter.outcome import Failure, Place, Trouble


@dataclass(frozen=True, slots=True)
class Here:
    """What holds where a step stands: the names in scope, its place, and how calls are routed."""

    names: Mapping[str, JSON] = field(default_factory=dict)
    place: Place = field(default_factory=Place)
    engine: str | None = None
    priority: int = 0
    attempt: int = 0

    def at(self, step: Step) -> "Here":
        """Return this as `step`, one of the map that is being run here, sees it."""
        return replace(
            self,
            place=self.place.at(step),
            engine=step.engine or self.engine,
            priority=step.priority or self.priority,
        )

    def seeing(self, names: Mapping[str, JSON]) -> "Here":
        """Return this with more names in scope, which win over those there are."""
        return replace(self, names={**self.names, **names})

    def element(self, position: int, names: Mapping[str, JSON]) -> "Here":
        """Return this as one element of the step that stands here sees it."""
        inner = self.seeing({"position": position, **names})
        return replace(inner, place=self.place.element(position))

    def again(self, times: int) -> "Here":
        """Return this for an attempt after `times` that failed."""
        return replace(self, attempt=self.attempt + times)

    def failure(self, code: str, detail: str, *, transient: bool = False) -> Failure:
        """Return the failure of the step that stands here."""
        return Failure(Trouble(code, detail, self.place, transient))
