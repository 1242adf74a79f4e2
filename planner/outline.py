"""A plan with all that it will open: what each unit asks for, and how often what is inside is done.

Of a structure one child is opened, as a run would open it, and stands for all. A structure whose
end was made already has no children to come: what it opened is in the graph itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil

from planner.critical_path import topological
from planner.demand import Demand, demand_of
from planner.draft import Draft
from planner.errors import PlanTooLarge
from planner.extent import Extent
from planner.extents import Extents, number
from planner.graph import Primitive, PrimitiveId
from planner.library import Library
from planner.pieces import Sizing
from planner.plan import Plan
from planner.sizes import FAN_IN, ROUNDS, TRUTH, Seen, Sizes
from planner.stages import open_piece
from planner.structure import Child, Delta, Shape, Structure
from planner.tree import Tree
from planner.unfold import open_alone, open_child
from planner.unit import Unit, units_of
from spec.model import Block, ForEach
from spec.records import record
from spec.values import Value

#: Structures within structures that are looked into.
DEPTH_MAX = 12


@record
class Part:
    """`count` children of a structure that are alike, and one of them."""

    count: float
    child: "Outline"


@record
class Nested:
    """What one structure does: one part after another, of each `width` children at once, and all of
    it with probability `share`. Only a tree has more than one part: its levels.
    """

    parts: tuple[Part, ...]
    width: float
    share: float = 1.0


@record
class Outline:
    """One graph: what its primitives wait for, what units ask for, what structures hold.

    `demands` are by leader, `lasts` the other end of each call, `nested` by the end of a structure.
    Of what is `lagging` each is done while something else is, but the last of many.
    """

    waits: Mapping[PrimitiveId, frozenset[PrimitiveId]]
    demands: Mapping[PrimitiveId, Demand]
    lasts: Mapping[PrimitiveId, PrimitiveId]
    nested: Mapping[PrimitiveId, Nested]
    lagging: frozenset[PrimitiveId] = frozenset()


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

    def of(self, draft: Draft, extents: Extents) -> Outline:
        # Nobody waits for what is read ahead, and it takes what nobody wants.
        draft = draft.with_primitives(each for each in draft.primitives if each.warms is None)
        primitives = draft.by_id()
        structures = {each.closing: each for each in draft.structures}
        units = units_of(draft.primitives)
        waits = _waits(draft, units)
        demands: dict[PrimitiveId, Demand] = {}
        nested: dict[PrimitiveId, Nested] = {}
        for id in topological(waits, waits):
            primitive = primitives[id]
            if primitive.pending and id in structures:
                opening = primitives.get(structures[id].opening)
                if (inside := self._inside(structures[id], opening, extents)) is not None:
                    nested[id] = inside
                continue
            extents.note(primitive)
            if id in units:
                members = [primitives[each] for each in units[id].members]
                if (demand := demand_of(members, extents, self.sizes)) is not None:
                    demands[id] = demand
        lasts = {id: unit.members[-1] for id, unit in units.items() if len(unit.members) > 1}
        return Outline(waits, demands, lasts, nested)

    def _inside(
        self, structure: Structure, opening: Primitive | None, extents: Extents
    ) -> Nested | None:
        if structure.kind == "stages":
            return self._staged(structure, opening, extents)
        shape, share = self._expected(structure, opening, extents)
        parts: list[Part] = []
        fields: Mapping[str, Extent] = {}
        if self.depth < DEPTH_MAX:
            self.depth += 1
            for count, child in _children(structure, shape):
                try:
                    delta = self._opened(structure, child, shape)
                except PlanTooLarge:
                    break
                within = Extents(self.sizes, outer=extents)
                parts.append(Part(count, self.of(_draft(delta), within)))
                exit = structure.closing if delta.exit is None else delta.exit
                fields = within.fields.get(exit, {})
            self.depth -= 1
        extents.note_fields(structure.closing, _fields(structure, fields, shape.count))
        width = 1 if structure.kind == "fold" else structure.width  # however far ahead it is opened
        return Nested(tuple(parts), width, share) if parts else None

    def _staged(self, structure: Structure, opening: Primitive | None, extents: Extents) -> Nested:
        """Of all pieces only the last of the second is waited for once the first is done.

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
        lagging = frozenset(ids) if pair.first is not None else frozenset()
        part = Part(pieces.number, replace(child, lagging=lagging))
        return Nested((part,), structure.width)

    def _expected(
        self, structure: Structure, opening: Primitive | None, extents: Extents
    ) -> tuple[Shape, float]:
        """Return what is likely known once a structure opens, and how likely it opens anything."""
        seen = self.sizes.of(structure.opening)
        params: Mapping[str, Value] = opening.params if opening is not None else {}
        match structure.kind:
            case "branch":
                return Shape(True, 1), TRUTH if seen.truth is None else seen.truth
            case "memo":
                return Shape(False, 1), 1.0 if seen.truth is None else 1.0 - seen.truth
            case "loop":
                return Shape(True, _rounds(structure, params, seen)), 1.0
        found = extents.of(params.get("items")).rows if seen.count is None else seen.count
        fan_in = max(2, int(number(params.get("fan_in"), FAN_IN)))
        return Shape(True, max(0, round(found)), fan_in), 1.0

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


def _draft(delta: Delta) -> Draft:
    return Draft(delta.primitives, delta.structures, delta.regions, frozenset(), whole=False)


def _rounds(structure: Structure, params: Mapping[str, Value], seen: Seen) -> int:
    if seen.count is not None:
        return max(1, round(seen.count))
    most, block = number(params.get("max"), ROUNDS), structure.body.step.body
    ends_early = (
        isinstance(block, Block) and block.loop is not None and block.loop.until is not None
    )
    return max(1, round(min(most, ROUNDS) if ends_early else most))


def _children(structure: Structure, shape: Shape) -> Iterator[tuple[int, Child]]:
    """Yield children that stand for all, with how many there are of each.

    Not the first of a fold or a loop, which reads only what it starts with.
    """
    if structure.kind == "reduce":
        tree = Tree(shape.count, shape.fan_in)
        for level in range(tree.levels):
            yield _groups(tree, level), Child(0, level)
    elif shape.count:
        second = structure.kind in ("fold", "loop") and shape.count > 1
        yield shape.count, Child(int(second))


def _groups(tree: Tree, level: int) -> int:
    """Return how many groups of a level are work: what is alone in its group goes up as it is."""
    return sum(len(tree.members(level, group)) > 1 for group in range(tree.groups(level)))


def _fields(structure: Structure, child: Mapping[str, Extent], count: int) -> Mapping[str, Extent]:
    """Return what a structure gives, by field, from what one child gives."""
    if structure.kind != "for_each":
        return child
    over = structure.body.step.control.over
    collected = over.collect if isinstance(over, ForEach) else None
    found = {name: Extent(count, each.tokens * count, each.rows) for name, each in child.items()}
    if collected is not None and collected in found:
        whole = found[collected]
        found[collected] = replace(whole, rows=count * whole.inner, inner=1.0)
    return found
