"""The longest way through a graph of things that take time, and what is left from each of them.

Linear in nodes and edges, without recursion: a graph may be ten thousand nodes deep.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Generic, TypeVar

from spec.records import record

Node = TypeVar("Node", bound=str)


@record
class CriticalPath(Generic[Node]):
    """`nodes` from first to last take `ms` together. `remaining_s` is, for each node of the graph,
    the longest way from its beginning to the end, in seconds.
    """

    nodes: tuple[Node, ...]
    ms: float
    remaining_s: Mapping[Node, float]


def critical_path(
    ms: Mapping[Node, float], waits: Mapping[Node, Collection[Node]]
) -> CriticalPath[Node]:
    """Return the longest path of a graph whose nodes take `ms`, each after those it `waits` for.

    What is waited for and is no node is done already. Of equally long paths, that through the first
    node of each set of equals counts. Raise `ValueError` for a graph with a circle.

    >>> path = critical_path({"a": 1.0, "b": 5.0, "c": 2.0}, {"c": ["a", "b"]})
    >>> path.nodes, path.ms, path.remaining_s["a"]
    (('b', 'c'), 7.0, 0.003)
    """
    order = list(topological(ms, waits))
    ends: dict[Node, float] = {}
    before: dict[Node, Node | None] = {}
    for node in order:
        last = max(
            (id for id in waits.get(node, ()) if id in ms), key=ends.__getitem__, default=None
        )
        before[node] = last
        ends[node] = ms[node] + (ends[last] if last is not None else 0.0)
    remaining = dict.fromkeys(ms, 0.0)
    for node in reversed(order):
        remaining[node] += ms[node]
        for id in waits.get(node, ()):
            if id in ms:
                remaining[id] = max(remaining[id], remaining[node])
    end = max(order, key=ends.__getitem__, default=None)
    return CriticalPath(
        nodes=tuple(_back(end, before))[::-1],
        ms=ends[end] if end is not None else 0.0,
        remaining_s={node: left / 1000 for node, left in remaining.items()},
    )


def topological(nodes: Collection[Node], waits: Mapping[Node, Collection[Node]]) -> Iterator[Node]:
    """Yield each node after those it waits for. Raise `ValueError` for a graph with a circle."""
    readers: dict[Node, list[Node]] = {}
    missing: dict[Node, int] = {}
    for node in nodes:
        before = [id for id in waits.get(node, ()) if id in nodes]
        missing[node] = len(before)
        for id in before:
            readers.setdefault(id, []).append(node)
    ready = [node for node in nodes if not missing[node]]
    for node in ready:  # grows while it is gone through
        yield node
        for reader in readers.get(node, ()):
            missing[reader] -= 1
            if not missing[reader]:
                ready.append(reader)
    if len(ready) < len(missing):
        raise ValueError("these wait for one another for ever")


def _back(end: Node | None, before: Mapping[Node, Node | None]) -> Iterator[Node]:
    while end is not None:
        yield end
        end = before[end]
