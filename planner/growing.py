"""A plan as one run sees it: what is shared by all runs, and what this one has opened so far.

Whoever follows a run has one of its own and adds the same deltas to it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from planner.graph import Primitive, PrimitiveId, RegionId
from planner.plan import Plan
from planner.structure import Delta, Region, Structure
from planner.unit import Unit


@dataclass(slots=True)
class GrowingPlan:
    """Reads like a plan. What a region made goes when the region is over."""

    plan: Plan
    primitives: dict[PrimitiveId, Primitive] = field(default_factory=dict)
    units: dict[PrimitiveId, Unit] = field(default_factory=dict)
    readers: dict[PrimitiveId, list[PrimitiveId]] = field(default_factory=dict)
    structures: dict[PrimitiveId, Structure] = field(default_factory=dict)
    regions: dict[RegionId, Region] = field(default_factory=dict)
    streams: dict[PrimitiveId, tuple[str, ...]] = field(default_factory=dict)
    feeds: dict[tuple[PrimitiveId, str], tuple[str, ...]] = field(default_factory=dict)
    fed: dict[PrimitiveId, dict[PrimitiveId, None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.feeds.update(self.plan.feeds)

    def primitive(self, id: PrimitiveId) -> Primitive:
        """Return a primitive, as it is now."""
        return self.primitives.get(id) or self.plan.graph[id]

    def region_of(self, id: PrimitiveId) -> RegionId | None:
        """Return the region that a primitive is in; none, where it is let go of already."""
        primitive = self.primitives.get(id) or self.plan.graph.primitives.get(id)
        return primitive.region if primitive is not None else None

    def unit(self, leader: PrimitiveId) -> Unit:
        """Return what leaves together with `leader`."""
        return self.units.get(leader) or self.plan.units[leader]

    def members(self, leader: PrimitiveId) -> tuple[PrimitiveId, ...]:
        """Return what leaves with `leader`: itself, of a unit that is let go of already."""
        unit = self.units.get(leader) or self.plan.units.get(leader)
        return unit.members if unit is not None else (leader,)

    def readers_of(self, id: PrimitiveId) -> Iterator[PrimitiveId]:
        """Yield the leaders that wait for `id`; one that is made anew may come twice."""
        yield from self.plan.readers.get(id, ())
        yield from self.readers.get(id, ())

    def structure(self, opening: PrimitiveId) -> Structure | None:
        """Return the structure that `opening` opens, if it does."""
        return self.structures.get(opening) or self.plan.structures.get(opening)

    def fed_by(self, decode: PrimitiveId) -> tuple[Structure, ...]:
        """Return the structures that take the items of `decode` as they close."""
        openings = (*self.plan.fed.get(decode, ()), *self.fed.get(decode, ()))
        found = (self.structure(opening) for opening in openings)
        return tuple(each for each in found if each is not None)

    def region(self, id: RegionId) -> Region:
        """Return a region."""
        return self.regions.get(id) or self.plan.regions[id]

    def around(self, id: RegionId | None) -> Iterator[Region]:
        """Yield the region `id` and those it is within, from the inside out."""
        while id is not None:
            region = self.region(id)
            yield region
            id = region.within

    def showing(self, id: PrimitiveId) -> tuple[str, ...]:
        """Return the outputs of the workflow that show the text of `id` as it comes."""
        return self.streams.get(id) or self.plan.streams.get(id, ())

    def add(self, delta: Delta) -> tuple[Unit, ...]:
        """Take in what was opened; return its units."""
        for primitive in delta.primitives:
            self.primitives[primitive.id] = primitive
        for unit in delta.units:
            self.units[unit.leader] = unit
            for id in unit.waits:
                self.readers.setdefault(id, []).append(unit.leader)
        for structure in delta.structures:
            self.structures[structure.opening] = structure
            if structure.source is not None:
                self.fed.setdefault(structure.source, {})[structure.opening] = None
        for region in delta.regions:
            self.regions[region.id] = region
        if delta.streams or delta.feeds:
            self.streams.update(delta.streams)
            self.feeds.update(delta.feeds)
        return delta.units

    def put_back(self, unit: Unit, primitive: Primitive) -> None:
        """Take in a unit of one primitive as it was before it was made anew."""
        self.primitives[primitive.id] = primitive
        self.units[unit.leader] = unit

    def close(self, id: RegionId) -> Region:
        """Return a region, which is over, and let go of it if it was opened in this run."""
        return self.regions.pop(id, None) or self.plan.regions[id]

    def forget(self, leaders: Iterable[PrimitiveId]) -> None:
        """Let go of units that are over, or given up, and were opened in this run."""
        for leader in leaders:
            unit = self.units.pop(leader, None)
            for id in unit.members if unit else ():
                self.primitives.pop(id, None)
                self.readers.pop(id, None)
                if self.streams:
                    self.streams.pop(id, None)
            if self.structures:
                self._close_up(leader)

    def _close_up(self, opening: PrimitiveId) -> None:
        """Let go of the structure that an opening opened, if it did."""
        structure = self.structures.pop(opening, None)
        if structure is not None and structure.source in self.fed:
            self.fed[structure.source].pop(opening, None)
            if not self.fed[structure.source]:
                del self.fed[structure.source]
