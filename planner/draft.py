"""What is opened and not yet frozen: a whole plan, or what is opened of it while it runs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from planner.graph import Primitive, PrimitiveId
from planner.structure import Region, Structure
from spec.records import record


@record
class Draft:
    """Primitives in an order the author would recognise, and what only a run can tell of them.

    `kept` are read by others than these primitives: they are never taken away. What is not `whole`
    reads what was there before, too, and what comes `later` than it was opened.
    """

    primitives: tuple[Primitive, ...]
    structures: tuple[Structure, ...]
    regions: tuple[Region, ...]
    kept: frozenset[PrimitiveId]
    whole: bool = True
    later: frozenset[PrimitiveId] = frozenset()

    def by_id(self) -> Mapping[PrimitiveId, Primitive]:
        """Return the primitives by id."""
        return {primitive.id: primitive for primitive in self.primitives}

    def readers(self) -> Mapping[PrimitiveId, list[Primitive]]:
        """Return for each primitive those that wait for it, in their order."""
        found: dict[PrimitiveId, list[Primitive]] = {}
        for primitive in self.primitives:
            for id in sorted(primitive.waits_for()):
                found.setdefault(id, []).append(primitive)
        return found

    def with_primitives(self, primitives: Iterable[Primitive]) -> "Draft":
        """Return this draft with other primitives."""
        return replace(self, primitives=tuple(primitives))


#: Is shown what there was before a pass and after it, by its name.
Watch: TypeAlias = Callable[[str, Draft, Draft], object]


def unwatched(name: str, before: Draft, after: Draft) -> None:
    """Look at nothing."""
