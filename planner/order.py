"""In which order work can be done: what needs what, and where a part begins and ends."""

from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter

from planner.graph import Graph, Primitive, PrimitiveId
from spec.model import Step
from spec.values import Name, leaves


def waves(graph: Graph) -> Iterator[tuple[PrimitiveId, ...]]:
    """Yield the primitives that wait for nothing, then those they free, and so on.

    Kahn's algorithm. Members of a circle, and whatever waits for them, never come.
    """
    missing = {primitive.id: len(primitive.waits_for()) for primitive in graph}
    readers: dict[PrimitiveId, list[PrimitiveId]] = {id: [] for id in missing}
    for primitive in graph:
        for id in primitive.waits_for():
            readers.setdefault(id, []).append(primitive.id)
    wave = tuple(id for id, count in missing.items() if count == 0)
    while wave:
        yield wave
        freed = []
        for id in wave:
            for reader in readers[id]:
                missing[reader] -= 1
                if missing[reader] == 0:
                    freed.append(reader)
        wave = tuple(freed)


def in_order(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps of a checked document, each after all it reads or comes `after`."""
    by_id = {step.id: step for step in steps}
    sorter = TopologicalSorter({step.id: sorted(_needs(step) & by_id.keys()) for step in steps})
    for id in sorter.static_order():
        yield by_id[id]


def _needs(step: Step) -> set[str]:
    named = {
        leaf.id
        for parameter in step.parameters
        for leaf in leaves(parameter.value)
        if isinstance(leaf, Name)
    }
    return named | set(step.after)


def heads(part: Sequence[Primitive]) -> frozenset[PrimitiveId]:
    """Return those of `part` that wait for nothing inside it."""
    inside = {primitive.id for primitive in part}
    return frozenset(each.id for each in part if not each.waits_for() & inside)


def tails(part: Sequence[Primitive]) -> frozenset[PrimitiveId]:
    """Return those of `part` for which nothing inside it waits."""
    waited_for = frozenset[PrimitiveId]().union(*(each.waits_for() for each in part))
    return frozenset(each.id for each in part if each.id not in waited_for)
