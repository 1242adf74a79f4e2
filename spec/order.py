"""Steps that wait for each other: the cycles of a map of waits."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter


def in_order(waits: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield each step after those it waits for; one in or behind a cycle is left out.

    >>> list(in_order({"a": ["b"], "b": [], "c": ["c"]}))
    ['b', 'a']
    """
    sorter = TopologicalSorter(waits)
    with suppress(CycleError):
        sorter.prepare()
    while sorter.is_active():
        ready = sorter.get_ready()
        if not ready:
            return
        yield from ready
        sorter.done(*ready)


def cycles(waits: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Return each group of steps that wait for each other, in the order of `waits`.

    >>> cycles({"a": ["b"], "b": ["a"], "c": ["a"], "d": ["d"]})
    [('a', 'b'), ('d',)]
    """
    rank = {name: position for position, name in enumerate(waits)}
    search = _Search(waits)
    for name in waits:
        if name not in search.number:
            search.visit(name)
    groups = [tuple(sorted(group, key=rank.__getitem__)) for group in search.groups]
    found = [group for group in groups if len(group) > 1 or group[0] in waits[group[0]]]
    return sorted(found, key=lambda group: rank[group[0]])


@dataclass(slots=True)
class _Search:
    """Tarjan's strongly connected components, with a stack of its own instead of recursion."""

    waits: Mapping[str, Sequence[str]]
    number: dict[str, int] = field(default_factory=dict)
    low: dict[str, int] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)
    inside: set[str] = field(default_factory=set)
    groups: list[list[str]] = field(default_factory=list)

    def visit(self, start: str) -> None:
        trail = [self._enter(start)]
        while trail:
            name, rest = trail[-1]
            following = next(rest, None)
            if following is None:
                trail.pop()
                self._leave(name, trail[-1][0] if trail else None)
            elif following not in self.number:
                trail.append(self._enter(following))
            elif following in self.inside:
                self.low[name] = min(self.low[name], self.number[following])

    def _enter(self, name: str) -> tuple[str, Iterator[str]]:
        self.number[name] = self.low[name] = len(self.number)
        self.open.append(name)
        self.inside.add(name)
        return name, (other for other in self.waits[name] if other in self.waits)

    def _leave(self, name: str, parent: str | None) -> None:
        if self.low[name] == self.number[name]:
            start = self.open.index(name)
            self.groups.append(self.open[start:])
            self.inside.difference_update(self.open[start:])
            del self.open[start:]
        if parent is not None:
            self.low[parent] = min(self.low[parent], self.low[name])
