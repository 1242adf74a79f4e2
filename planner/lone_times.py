"""When what of a draft is done in a run that is alone, and what it comes after.

Of a part that is opened in a run, what is outside counts as done when the part begins.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from planner.draft import Draft
from planner.durations import LONE
from planner.estimate import Estimate, priced
from planner.graph import Primitive, PrimitiveId
from planner.library import Library
from planner.outline import outline
from planner.sizes import Sizes
from planner.structure import Child, Shape, Structure
from planner.unfold import open_child


@dataclass(slots=True)
class LoneTimes:
    """Looks at a draft with the `library` that it was opened from; no pass is made meanwhile."""

    draft: Draft
    library: Library
    estimate: Estimate = field(init=False)
    _waits: Mapping[PrimitiveId, frozenset[PrimitiveId]] = field(init=False)
    _by_id: Mapping[PrimitiveId, Primitive] = field(init=False)

    def __post_init__(self) -> None:
        self.library = self.library.plain()
        shape = outline(self.draft, self.library, Sizes())
        self.estimate = priced(shape, self.library.pools, LONE)
        self._waits, self._by_id = shape.waits, self.draft.by_id()

    def end_ms(self, ids: Iterable[PrimitiveId]) -> float:
        """Return when all of `ids` are done."""
        return max((self.estimate.ends_ms.get(id, 0.0) for id in ids), default=0.0)

    def until(self, id: PrimitiveId) -> list[Primitive]:
        """Return a primitive, and every one in the draft that it comes after."""
        found = dict.fromkeys([id])
        waiting = [id]
        while waiting:
            more = [each for each in sorted(self._waits[waiting.pop()]) if each not in found]
            found.update(dict.fromkeys(more))
            waiting += more
        return [self._by_id[each] for each in found]

    def reads(self, branch: Structure) -> frozenset[PrimitiveId]:
        """Return what the body of a branch waits for outside. Raise `PlanTooLarge`."""
        delta = open_child(branch, Child(), Shape(), self.library, {})
        waits = (each.waits_for() for each in delta.primitives)
        inside = {branch.opening, *(each.id for each in delta.primitives)}
        return frozenset[PrimitiveId]().union(*waits) - inside
