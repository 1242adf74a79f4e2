"""Where in the author's document a primitive is being made, and what holds there."""

from dataclasses import replace

from planner.graph import RegionId
from spec.model import Origin, Step
from spec.records import record


@record
class Place:
    """`path` names the step, through every module, block and element around it.

    `step` and `origin` are those of the author's own document, `engine` and `priority` the
    innermost that were given, `region` what fails together with what is made here.
    """

    path: str = ""
    step: str | None = None
    origin: Origin | None = None
    engine: str | None = None
    priority: int = 0
    depth: int = 0
    region: RegionId | None = None

    def inside(self, step: Step) -> "Place":
        """Return the place of `step`, which stands here."""
        return Place(
            path=f"{self.path}.{step.id}" if self.path else step.id,
            step=self.step or step.id,
            origin=self.origin or step.origin,
            engine=step.engine or self.engine,
            priority=step.priority or self.priority,
            depth=self.depth + 1,
            region=self.region,
        )

    def part(self, name: str, region: RegionId) -> "Place":
        """Return the place of one element, round or group, which is a region of its own."""
        return replace(self, path=f"{self.path}[{name}]", region=region)
