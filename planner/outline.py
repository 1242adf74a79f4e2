"""A plan with all that it will open: what each unit asks for, and how often what is inside is done.

Of a structure one child is opened, as a run would open it, and stands for all. A structure whose
end was made already has no children to come: what it opened is in the graph itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

from planner.ahead import Hint, begins_with, by_warmed, hints_of
from planner.critical_path import topological
from planner.demand import Demand, demand_of
from planner.draft import Draft
from planner.errors import PlanTooLarge
from planner.expected import children, expected, fields_of
from planner.extent import Extent
from planner.extents import Extents
from planner.graph import Output, PoolName, Primitive, PrimitiveId
from planner.library import Library
from planner.pieces import Sizing
from planner.plan import Plan
from planner.primitives import OPS
from planner.sizes import Sizes
from planner.stages import open_piece
from planner.structure import Child, Delta, Shape, Structure
from planner.unfold import exit_of, open_alone, open_child
from planner.unit import Unit, units_of
from spec.records import record
from spec.values import leaves

#: Structures within structures that are looked into.
DEPTH_MAX = 12


@record
class Part:
    """`count` children of a structure that are alike, and one of them."""

    count: float
    child: "Outline"


@record
class Source:
    """The `decode` of `pool` whose items a structure goes over while they are still said, and what
    has to be done besides.
    """

    decode: PrimitiveId
    pool: PoolName
    gates: frozenset[PrimitiveId]


@record
class Nested:
    """What one structure does: one part after another, of each `width` children at once, and all of
    it with probability `share`. Only a tree has more than one part: its levels.

    What lags of a child that is `in_turn` comes after the child before it.
    """

    opening: PrimitiveId
    parts: tuple[Part, ...]
    width: float
    share: float = 1.0
    in_turn: bool = False
    source: Source | None = None

    @property
    def reads(self) -> frozenset[PrimitiveId]:
        """Return what the children need from outside, if they are opened for certain."""
        found = frozenset[PrimitiveId]().union(*(part.child.outside for part in self.parts))
        return found - {self.opening} if self.share == 1.0 else frozenset()


@record
class Outline:
    """One graph: what its primitives wait for, what units ask for, what structures hold.

    `demands` are by leader, `lasts` the other end of each call, `nested` by the end of a structure.
    Of what is `lagging` each is done while something else is, but the last of many. `hints` are by
    id and begin no call by themselves; `begun` has for a leader those that read for it, be they in
    the graph around. `outside` has what is read from there, and by which primitives.
    """

    waits: Mapping[PrimitiveId, frozenset[PrimitiveId]]
    demands: Mapping[PrimitiveId, Demand]
    lasts: Mapping[PrimitiveId, PrimitiveId]
    nested: Mapping[PrimitiveId, Nested]
    lagging: frozenset[PrimitiveId] = frozenset()
    hints: Mapping[PrimitiveId, Hint] = field(default_factory=dict)
    begun: Mapping[PrimitiveId, tuple[PrimitiveId, ...]] = field(default_factory=dict)
    outside: Mapping[PrimitiveId, frozenset[PrimitiveId]] = field(default_factory=dict)


def outline(graph: Plan | Draft, library: Library, sizes: Sizes) -> Outline:
    """Return the outline of a plan, or of a part of one before it is frozen."""
    if isinstance(graph, Plan):
        graph = Draft(tuple(graph.graph), tuple(graph.structures.values()), (), frozenset())
    return _Outlining(library, sizes).of(graph, Extents(sizes))


@dataclass(slots=True)
class _Outlining:
    library: Library
    sizes: Sizes
    depth: int = 0

    def of(self, draft: Draft, extents: Extents, above: Sequence[Primitive] = ()) -> Outline:
        """Look at what is opened at one time. The hints `above` it read for what is in it."""
        # Nobody waits for what is read ahead, and it takes what nobody wants.
        graph = draft.with_primitives(each for each in draft.primitives if each.warms is None)
        hints = by_warmed(draft)
        primitives = graph.by_id()
        structures = {each.closing: each for each in graph.structures}
        units = units_of(graph.primitives)
        waits = _waits(graph, units)
        demands: dict[PrimitiveId, Demand] = {}
        nested: dict[PrimitiveId, Nested] = {}
        for id in topological(waits, waits):
            if primitives[id].pending and id in structures:
                read = hints.get(structures[id].opening, ())
                if (inside := self._inside(structures[id], primitives, extents, read)) is not None:
                    nested[id] = inside
                continue
            extents.note(primitives[id])
            if id in units:
                members = [primitives[each] for each in units[id].members]
                if (demand := demand_of(members, extents, self.sizes)) is not None:
                    demands[id] = demand
        return Outline(
            waits=waits,
            demands=demands,
            lasts={id: each.members[-1] for id, each in units.items() if len(each.members) > 1},
            nested=nested,
            hints=hints_of(draft, extents, self.library.pools),
            begun=self._begun(units, primitives, hints, above),
            outside=_outside(units, nested, waits),
        )

    def _begun(
        self,
        units: Mapping[PrimitiveId, Unit],
        primitives: Mapping[PrimitiveId, Primitive],
        hints: Mapping[PrimitiveId, Sequence[Primitive]],
        above: Sequence[Primitive],
    ) -> dict[PrimitiveId, tuple[PrimitiveId, ...]]:
        """Return by which hints the beginning of a call is read, or of those that are opened.

        None, where it was seen how much is cached: that tells what they did already.
        """
        found: dict[PrimitiveId, tuple[PrimitiveId, ...]] = {}
        for id, unit in units.items() if hints or above else ():
            if self.sizes.of(unit.members[-1]).tokens_cached is None:
                own = hints.get(id, ())
                read = (*own, *(each for each in above if begins_with(primitives[id], each)))
                if read:
                    found[id] = tuple(each.id for each in read)
        return found

    def _inside(
        self,
        structure: Structure,
        around: Mapping[PrimitiveId, Primitive],
        extents: Extents,
        hints: Sequence[Primitive],
    ) -> Nested | None:
        opening = around.get(structure.opening)
        source = _source(structure, around)
        if structure.kind == "stages":
            return self._staged(structure, opening, extents, source)
        shape, share = expected(structure, opening, extents)
        parts: list[Part] = []
        fields: Mapping[str, Extent] = {}
        if self.depth < DEPTH_MAX:
            self.depth += 1
            for count, child in children(structure, shape):
                try:
                    delta = self._opened(structure, child, shape)
                except PlanTooLarge:
                    break
                within = Extents(self.sizes, outer=extents)
                inside = self.of(_draft(delta), within, hints)
                parts.append(Part(count, _in_turn(inside, structure, count)))
                exit = structure.closing if delta.exit is None else delta.exit
                fields = within.fields.get(exit, {})
            self.depth -= 1
        extents.note_fields(structure.closing, fields_of(structure, fields, shape.count))
        if not parts:
            return None
        return Nested(
            opening=structure.opening,
            parts=tuple(parts),
            width=structure.width,
            share=share,
            in_turn=_is_in_turn(structure),
            source=source,
        )

    def _staged(
        self,
        structure: Structure,
        opening: Primitive | None,
        extents: Extents,
        source: Source | None,
    ) -> Nested:
        """Of all pieces only the last of the second is waited for once the first is done, where
        they do not come one by one.

        The last one may be smaller; here they are as large as each other.
        """
        pair = structure.pair
        first = pair.second if pair.first is None else pair.first
        extents.note(first)
        extents.note(pair.second)
        # What fits into one piece was seen as the whole.
        rows = self.sizes.of(structure.opening).count or self.sizes.of(first.id).rows
        if rows is None:
            rows = extents.of(opening.params.get("cut")).rows if opening is not None else 1.0
        pieces = pair.sizing.of(max(1, round(rows)))
        even = replace(pair, sizing=Sizing(ceil(pieces.count / pieces.number)))
        shape = Shape(count=pieces.count)
        delta = open_piece(replace(structure, inside=even), Child(), shape, self.library)
        child = self.of(_draft(delta), Extents(self.sizes, outer=extents))
        ids = {each.id for each in delta.primitives if each.op == pair.second.op}
        lags = pair.first is not None and source is None
        lagging = frozenset(ids) if lags else frozenset[PrimitiveId]()
        part = Part(pieces.number, replace(child, lagging=lagging))
        return Nested(structure.opening, (part,), structure.width, source=source)

    def _opened(self, structure: Structure, child: Child, shape: Shape) -> Delta:
        if structure.kind in ("branch", "memo"):
            return open_child(structure, child, shape, self.library, {})
        return open_alone(structure, child, shape, self.library, {})


def _waits(
    draft: Draft, units: Mapping[PrimitiveId, Unit]
) -> dict[PrimitiveId, frozenset[PrimitiveId]]:
    """Return what each primitive waits for. A call leaves whole, so its head waits for all."""
    here = {each.id for each in draft.primitives}
    waits = {each.id: each.waits_for() & here for each in draft.primitives}
    for leader, unit in units.items():
        waits[leader] |= unit.waits & here
    for each in draft.structures:
        if each.closing in here and each.opening in here:
            waits[each.closing] |= {each.opening}
    return waits


def _outside(
    units: Mapping[PrimitiveId, Unit],
    nested: Mapping[PrimitiveId, Nested],
    here: Collection[PrimitiveId],
) -> dict[PrimitiveId, frozenset[PrimitiveId]]:
    """Return by whom what is not `here` is read; by the end of a structure what is read inside."""
    found: dict[PrimitiveId, set[PrimitiveId]] = {}
    for leader, unit in units.items():
        for id in unit.waits:
            if id not in here:
                found.setdefault(id, set()).add(leader)
    for closing, inside in nested.items():
        for part in inside.parts:
            for id in part.child.outside:
                if id not in here:
                    found.setdefault(id, set()).add(closing)
    return {id: frozenset(readers) for id, readers in found.items()}


def _in_turn(child: Outline, structure: Structure, count: int) -> Outline:
    """Return the outline of an element of a fold, of which lags what follows from the one before.

    The first of `count` begins at once, and gains nothing by what is read ahead for the others.
    """
    if not _is_in_turn(structure):
        return child
    before = exit_of(structure, Child(0))
    later = set(child.outside.get(before, ()))
    for id in topological(child.waits, child.waits):
        if not later.isdisjoint(child.waits[id]):
            later.add(id)
    hints = {id: replace(hint, share=(count - 1) / count) for id, hint in child.hints.items()}
    late = {id for id, hint in hints.items() if not hint.waits.isdisjoint(later | {before})}
    return replace(child, lagging=frozenset(later | late), hints=hints)


def _is_in_turn(structure: Structure) -> bool:
    """Whether elements are opened ahead, and go on as the one before them is over."""
    return structure.kind == "fold" and structure.width > 1


def _source(structure: Structure, primitives: Mapping[PrimitiveId, Primitive]) -> Source | None:
    decode, opening = structure.source, primitives.get(structure.opening)
    if decode is None or opening is None or decode not in primitives:
        return None
    (port,) = opening.params.keys() & OPS["open"].each
    given = {leaf.primitive for leaf in leaves(opening.params[port]) if isinstance(leaf, Output)}
    return Source(decode, primitives[decode].pool, opening.waits_for() - given)


def _draft(delta: Delta) -> Draft:
    return Draft(delta.primitives, delta.structures, delta.regions, frozenset(), whole=False)
