"""What of a structure is known only in a run, as far as it can be expected: how many children it
has, how likely it opens any, and how large what it gives is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from planner.extent import Extent
from planner.extents import Extents, number
from planner.graph import Primitive
from planner.sizes import FAN_IN, ROUNDS, TRUTH, Seen
from planner.structure import Child, Shape, Structure
from planner.tree import Tree
from spec.model import Block, ForEach
from spec.values import Value


def expected(
    structure: Structure, opening: Primitive | None, extents: Extents
) -> tuple[Shape, float]:
    """Return what is likely known once a structure opens, and how likely it opens anything."""
    seen = extents.sizes.of(structure.opening)
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


def children(structure: Structure, shape: Shape) -> Iterator[tuple[int, Child]]:
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


def fields_of(
    structure: Structure, child: Mapping[str, Extent], count: int
) -> Mapping[str, Extent]:
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


def _rounds(structure: Structure, params: Mapping[str, Value], seen: Seen) -> int:
    if seen.count is not None:
        return max(1, round(seen.count))
    most, block = number(params.get("max"), ROUNDS), structure.body.step.body
    ends_early = (
        isinstance(block, Block) and block.loop is not None and block.loop.until is not None
    )
    return max(1, round(min(most, ROUNDS) if ends_early else most))


def _groups(tree: Tree, level: int) -> int:
    """Return how many groups of a level are work: what is alone in its group goes up as it is."""
    return sum(len(tree.members(level, group)) > 1 for group in range(tree.groups(level)))
