"""A plan: the graph a run follows, shared by every run of the same workflow version.

A plan knows nothing of any run. What a scheduler asks of it often is worked out once, here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from planner.graph import Graph, PrimitiveId, RegionId
from planner.library import Library
from planner.structure import Feeds, Region, Structure
from planner.unit import Unit, units_of


@dataclass(frozen=True, slots=True)
class Plan:
    """A verified graph and where its results go.

    `outputs` maps each output of the workflow to the primitive whose `value` it is; `streams` maps
    a primitive to the outputs that show its text as it comes, and `feeds` a field of a structure;
    `steps` are the author's. `structures` are by their opening; `fed` are the openings that take
    the items of a decode as they close.
    """

    graph: Graph
    outputs: Mapping[str, PrimitiveId]
    streams: Mapping[PrimitiveId, tuple[str, ...]]
    feeds: Feeds
    steps: Mapping[str, tuple[PrimitiveId, ...]]
    structures: Mapping[PrimitiveId, Structure]
    fed: Mapping[PrimitiveId, tuple[PrimitiveId, ...]]
    regions: Mapping[RegionId, Region]
    library: Library
    units: Mapping[PrimitiveId, Unit]
    readers: Mapping[PrimitiveId, tuple[PrimitiveId, ...]]

    @property
    def fingerprint(self) -> str:
        """A hash of what is done with what, worked out when it is asked for."""
        return _fingerprint(self.graph, self.outputs, self.streams)

    def __repr__(self) -> str:
        return f"Plan({self.fingerprint})"

    @staticmethod
    def of(
        graph: Graph,
        outputs: Mapping[str, PrimitiveId],
        streams: Mapping[PrimitiveId, tuple[str, ...]],
        feeds: Feeds,
        steps: Mapping[str, tuple[PrimitiveId, ...]],
        structures: Iterable[Structure],
        regions: Iterable[Region],
        library: Library,
    ) -> "Plan":
        """Work out the units of `graph` and who reads whom."""
        units = units_of(graph)
        readers: dict[PrimitiveId, list[PrimitiveId]] = defaultdict(list)
        for unit in units.values():
            for id in sorted(unit.waits):
                readers[id].append(unit.leader)
        by_opening = {each.opening: each for each in structures}
        fed: dict[PrimitiveId, list[PrimitiveId]] = defaultdict(list)
        for each in by_opening.values():
            if each.source is not None:
                fed[each.source].append(each.opening)
        return Plan(
            graph=graph,
            outputs=outputs,
            streams=streams,
            feeds=feeds,
            steps=steps,
            structures=by_opening,
            fed={decode: tuple(openings) for decode, openings in fed.items()},
            regions={each.id: each for each in regions},
            library=library,
            units=units,
            readers={id: tuple(leaders) for id, leaders in readers.items()},
        )


def _fingerprint(
    graph: Graph, outputs: Mapping[str, PrimitiveId], streams: Mapping[PrimitiveId, tuple[str, ...]]
) -> str:
    lines = [
        repr(
            (p.id, p.op, p.pool, sorted(p.params.items(), key=_first), sorted(p.after), p.priority)
        )
        for p in graph
    ]
    lines += [repr(sorted(outputs.items())), repr(sorted(streams.items()))]
    return sha256("\n".join(lines).encode()).hexdigest()[:16]


def _first(pair: tuple[str, object]) -> str:
    return pair[0]
