"""In which order work can be done: what needs what, and where a part begins and ends."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from typing import TypeVar

from planner.graph import Graph, Primitive, PrimitiveId

_Id = TypeVar("_Id", bound=str)


def circle(graph: Graph) -> tuple[PrimitiveId, ...]:
    """Return primitives that would wait for one another for ever, or none.

    A call leaves whole, so its head also waits for whatever the rest of it needs.
    """
    needs = {primitive.id: primitive.waits_for() for primitive in graph}
    for primitive in graph:
        if primitive.call is not None:
            needs[primitive.call] |= needs[primitive.id] - {primitive.call}
    if _all_come(needs):
        return ()
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        found: list[PrimitiveId] = error.args[1]
        return tuple(found)
    return ()


def _all_come(needs: Mapping[PrimitiveId, Collection[PrimitiveId]]) -> bool:
    """Whether everything comes to be done, once what it needs is; Kahn's algorithm.

    Where each comes after what it needs already, as most graphs are written, one look is enough.
    """
    if _is_in_order(needs):
        return True
    left: dict[PrimitiveId, int] = {}
    readers: dict[PrimitiveId, list[PrimitiveId]] = {}
    for id, before in needs.items():
        inside = 0
        for each in before:
            if each in needs:
                inside += 1
                readers.setdefault(each, []).append(id)
        left[id] = inside
    ready = [id for id, count in left.items() if not count]
    for id in ready:  # grows while it is gone through
        for reader in readers.get(id, ()):
            left[reader] -= 1
            if not left[reader]:
                ready.append(reader)
    return len(ready) == len(left)


def _is_in_order(needs: Mapping[_Id, Collection[_Id]]) -> bool:
    to_come = set(needs)
    for id, before in needs.items():
        if not to_come.isdisjoint(before):
            return False
        to_come.discard(id)
    return True


def in_order(needs: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Yield each step of a checked document after those it needs; ties go by place in the file.

    >>> list(in_order({"a": ["c"], "b": [], "c": [], "d": ["b"]}))
    ['b', 'c', 'a', 'd']
    """
    if _is_in_order(needs):  # as most documents are written
        yield from needs
        return
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
    """Return those of `part` that wait for nothing inside it, but for what may be pruned."""
    inside = {primitive.id for primitive in part}
    return frozenset(
        each.id
        for each in part
        if each.op != "barrier" and inside.isdisjoint(each.waits_for() - each.waits)
    )
