"""In which order work can be done: what needs what, and where a part begins and ends."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from heapq import heappop, heappush

from planner.graph import Graph, Primitive, PrimitiveId


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


def in_order(needs: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Yield each step of a checked document after those it needs; ties go by place in the file.

    >>> list(in_order({"a": ["c"], "b": [], "c": [], "d": ["b"]}))
    ['b', 'c', 'a', 'd']
    """
    place = {id: number for number, id in enumerate(needs)}
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    ready: list[int] = []
    ids = list(needs)
    while sorter.is_active():
        for id in sorter.get_ready():
            heappush(ready, place[id])
        id = ids[heappop(ready)]
        yield id
        sorter.done(id)


def heads(part: Sequence[Primitive]) -> frozenset[PrimitiveId]:
    """Return those of `part` that wait for nothing inside it."""
    inside = {primitive.id for primitive in part}
    return frozenset(each.id for each in part if not each.waits_for() & inside)


def tails(part: Sequence[Primitive]) -> frozenset[PrimitiveId]:
    """Return those of `part` for which nothing inside it waits."""
    waited_for = frozenset[PrimitiveId]().union(*(each.waits_for() for each in part))
    return frozenset(each.id for each in part if each.id not in waited_for)
