"""Opens the parts of a plan that only a run can tell, one by one: pure functions of what is known.

A run asks for a child of a structure, for its end, or for what stands in for a region that failed;
what it gets is a `Delta`, and it is asked for once.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from planner.computed import Fields, as_object, computed
from planner.draft import Draft
from planner.elements import asked_each
from planner.graph import Output, Primitive, PrimitiveId, RegionId
from planner.library import Library
from planner.opener import Opener
from planner.passes.names import PRUNE
from planner.passes.pipeline import rewritten
from planner.place import Place
from planner.primitives import OPS
from planner.stages import join_pieces, open_piece
from planner.structure import AHEAD, Child, Delta, Feeds, Region, Rows, Shape, Structure
from planner.tree import Tree
from planner.unit import units_of
from spec.model import Block, ForEach, Loop, Reduce
from spec.values import ListOf, Literal, Member, ObjectOf, Slice, Value


def open_child(
    structure: Structure, child: Child, shape: Shape, library: Library, feeds: Feeds
) -> Delta:
    """Return what `child` of `structure` is made of."""
    match structure.kind:
        case "branch":
            return _branch(structure, child, shape, library, feeds)
        case "memo":
            return _memo(structure, shape, library, feeds)
        case "stages":
            return open_piece(structure, child, shape, library)
        case "for_each":
            path = structure.body.place.path
            opening = partial(_element_of, structure, shape, library, feeds)
            return structure.mould.child(path, child.index, opening)
    return open_alone(structure, child, shape, library, feeds)


def _element_of(
    structure: Structure, shape: Shape, library: Library, feeds: Feeds, index: int
) -> Delta:
    return open_alone(structure, Child(index), shape, library, feeds)


def open_alone(
    structure: Structure, child: Child, shape: Shape, library: Library, feeds: Feeds
) -> Delta:
    """Return what an element, a round or a group is made of, whatever others are."""
    place = _place(structure, child)
    opener = _opener(library)
    fields = _CHILDREN[structure.kind](structure, child, shape, opener, place)
    exit = PrimitiveId(place.path)
    params = {"value": as_object({name: fields[name] for name in fields if name != _UNTIL})}
    if _UNTIL in fields:
        params["until"] = fields[_UNTIL]
    _end(opener, computed("close", exit, params, place, library))
    opener.regions.append(_element(structure, place, exit, library))
    last = _is_last(structure, child, shape)
    return _delta(opener, exit, structure, fields if last else {}, feeds, _before(structure, child))


def close(structure: Structure, children: int, shape: Shape, library: Library) -> Delta:
    """Return the end of `structure`, of which `children` are over."""
    if structure.kind == "stages":
        return join_pieces(structure, shape, library)
    place = replace(structure.body.place, region=structure.region)
    params = _ENDS[structure.kind](structure, children, shape)
    return _alone(computed("close", structure.closing, params, place, library))


def exit_of(structure: Structure, child: Child) -> PrimitiveId:
    """Return the primitive at which an element, a round or a group is over."""
    return PrimitiveId(_place(structure, child).path)


def stand_in(region: Region) -> Delta:
    """Return what takes the place of a region that failed for good."""
    if region.instead is None:
        raise ValueError(f"nothing stands in for {region.id}")
    return _alone(region.instead)


def _alone(primitive: Primitive) -> Delta:
    return Delta((primitive,), tuple(units_of((primitive,)).values()))


_UNTIL = ":until"  # no field can be called so


def _opener(library: Library) -> Opener:
    """Return one that leaves out at once what would be pruned from what it makes."""
    return Opener(library, authored=PRUNE not in library.passes)


def _branch(
    structure: Structure, child: Child, shape: Shape, library: Library, feeds: Feeds
) -> Delta:
    """Open the body of a step whose condition is met, or what it gives where it is not.

    Ahead of its condition the body is a region of its own, which can be given up as a whole, and
    the end waits for the condition besides.
    """
    body, opener = structure.body, _opener(library)
    ahead = structure.region_ahead if child == AHEAD else None
    inside = ahead or structure.region
    fields: Fields = {}
    value = body.refused or Literal(None)
    if shape.truth:
        opening = opener.over if body.inner == "over" else opener.attempts
        fields = opening(body.step, body.scope, replace(body.place, region=inside))
        value = as_object(fields)
    place = replace(body.place, region=structure.region)
    after = opener.ends(slice(0, len(opener.primitives)), inside)
    if ahead is not None:
        after |= {structure.opening}
        opener.regions.append(Region(ahead, structure.region, structure.closing))
    end = computed("close", structure.closing, {"value": value}, place, library)
    opener.add(replace(end, after=after))
    return _delta(opener, None, structure, fields, feeds)


def _memo(structure: Structure, shape: Shape, library: Library, feeds: Feeds) -> Delta:
    """Open the body whose result is not known, and have it kept; or give the result there is."""
    body, opener = structure.body, _opener(library)
    fields: Fields = {}
    params: dict[str, Value] = {"value": Output(structure.opening, "start")}
    if not shape.truth:
        fields = opener.body(body.step, body.scope, body.place)
        params["value"] = as_object(fields)
        params["keep_as"] = Output(structure.opening, "items")
        params["keep_ms"] = Literal(body.step.control.cache_ms)
    place = replace(body.place, region=structure.region)
    _end(opener, computed("close", structure.closing, params, place, library))
    return _delta(opener, None, structure, fields, feeds)


def _end(opener: Opener, end: Primitive) -> None:
    """Add the end of what was opened, which waits for all of it, read or not."""
    made = slice(0, len(opener.primitives))
    opener.add(replace(end, after=opener.ends(made, end.region)))


def _place(structure: Structure, child: Child) -> Place:
    name = f"{child.level}.{child.index}" if structure.kind == "reduce" else f"{child.index}"
    place = structure.body.place
    return place.part(name, RegionId(f"{place.path}[{name}]"))


def _element(structure: Structure, place: Place, exit: PrimitiveId, library: Library) -> Region:
    over = structure.body.step.control.over
    instead: Primitive | None = None
    if structure.kind == "for_each" and isinstance(over, ForEach) and over.on_error != "fail":
        nulls = as_object(dict.fromkeys(structure.fields, Literal(None)))
        value = nulls if over.on_error == "null" else Literal(None)
        outer = replace(place, region=structure.region)
        instead = computed("close", exit, {"value": value}, outer, library)
    return Region(RegionId(place.path), structure.region, exit, instead=instead)


def _for_each(structure: Structure, child: Child, _: Shape, opener: Opener, place: Place) -> Fields:
    body = structure.body
    scope = body.scope.seeing(_item(structure, child))
    if asked_each(body.step):
        refused = opener.otherwise(body.step, scope)
        return opener.branch(body.step, scope, place, "attempts", refused)
    return opener.attempts(body.step, scope, place)


def _fold(structure: Structure, child: Child, _: Shape, opener: Opener, place: Place) -> Fields:
    body, (only,) = structure.body, structure.fields
    acc = _acc(structure, child.index)
    scope = body.scope.seeing({**_item(structure, child), "acc": acc})
    if asked_each(body.step):
        return opener.branch(body.step, scope, place, "attempts", as_object({only: acc}))
    return opener.attempts(body.step, scope, place)


def _reduce(
    structure: Structure, child: Child, shape: Shape, opener: Opener, place: Place
) -> Fields:
    body, tree = structure.body, Tree(shape.count, shape.fan_in)
    members = tree.members(child.level, child.index)
    if child.level == 0:
        items = Output(structure.opening, "items")
        group: Value = Slice(items, Literal(members.start), Literal(members.stop))
    else:
        group = ListOf(tuple(_node(structure, tree, child.level - 1, index) for index in members))
    return opener.body(body.step, body.scope.seeing({"items": group}), place)


def _loop(structure: Structure, child: Child, _: Shape, opener: Opener, place: Place) -> Fields:
    body, block = structure.body, structure.body.step.body
    if not isinstance(block, Block) or block.loop is None:
        raise ValueError(f"{structure.opening} is no loop")
    loop = block.loop
    before = _state(structure, loop, child.index)
    inner = opener.steps(block.steps, body.scope.seeing({"loop": as_object(before)}), place)
    following = {name: inner.resolve(value) for name, value in loop.next}
    state: dict[str, Value] = {name: following[name] for name, _ in loop.start}
    if loop.until is not None:
        state[_UNTIL] = inner.seeing({"loop": as_object(state)}).resolve(loop.until)
    return state


def _item(structure: Structure, child: Child) -> dict[str, Value]:
    items = Output(structure.opening, "items")
    return {"item": Member(items, child.index), "position": Literal(child.index)}


def _acc(structure: Structure, before: int) -> Value:
    """Return what the first `before` elements of a fold have come to."""
    (only,) = structure.fields
    if before == 0:
        return Output(structure.opening, "start")
    return _field_of(structure, Child(before - 1), only)


def _state(structure: Structure, loop: Loop, rounds: int) -> dict[str, Value]:
    if rounds == 0:
        start = Output(structure.opening, "start")
        return {name: Member(start, name) for name, _ in loop.start}
    return {name: _field_of(structure, Child(rounds - 1), name) for name, _ in loop.start}


def _node(structure: Structure, tree: Tree, level: int, index: int) -> Value:
    """Return what a group of a tree came to. One that is alone in its group went up unchanged."""
    (only,) = structure.fields
    while level >= 0 and len(tree.members(level, index)) == 1:
        level, index = level - 1, tree.members(level, index).start
    if level < 0:
        return Member(Output(structure.opening, "items"), index)
    return _field_of(structure, Child(index, level), only)


def _field_of(structure: Structure, child: Child, name: str) -> Value:
    return Member(Output(exit_of(structure, child), "value"), name)


def _rows(structure: Structure, children: int, _: Shape) -> dict[str, Value]:
    over = structure.body.step.control.over
    collect = over.collect if isinstance(over, ForEach) else None
    return {
        "rows": Rows(structure.body.place.path, children),
        "fields": Literal(list(structure.fields)),
        "collect": Literal(collect),
    }


def _folded(structure: Structure, children: int, _: Shape) -> dict[str, Value]:
    (only,) = structure.fields
    return {"value": as_object({only: _acc(structure, children)})}


def _reduced(structure: Structure, _: int, shape: Shape) -> dict[str, Value]:
    (only,) = structure.fields
    if shape.count == 0:
        over = structure.body.step.control.over
        if isinstance(over, Reduce) and over.start is None:
            return {"fault": Literal("there is nothing to reduce, and no `start`")}
        return {"value": as_object({only: Output(structure.opening, "start")})}
    tree = Tree(shape.count, shape.fan_in)
    return {"value": as_object({only: _node(structure, tree, tree.levels - 1, 0)})}


def _looped(structure: Structure, children: int, shape: Shape) -> dict[str, Value]:
    block = structure.body.step.body
    if not isinstance(block, Block) or block.loop is None:
        raise ValueError(f"{structure.opening} is no loop")
    done = shape.truth or block.loop.until is None
    state = _state(structure, block.loop, children)
    whole = {**state, "rounds": Literal(children), "done": Literal(done)}
    return {"value": as_object(whole)}


def _is_last(structure: Structure, child: Child, shape: Shape) -> bool:
    """Whether what a child gives is what its structure gives."""
    match structure.kind:
        case "fold":
            return child.index == shape.count - 1
        case "reduce":
            return child.level == Tree(shape.count, shape.fan_in).levels - 1
        case _:
            return False


def _before(structure: Structure, child: Child) -> frozenset[PrimitiveId]:
    """Return what a child waits for that is opened ahead of it: the element before, of a fold."""
    if structure.kind != "fold" or child.index == 0:
        return frozenset()
    return frozenset({exit_of(structure, Child(child.index - 1))})


def _delta(
    opener: Opener,
    exit: PrimitiveId | None,
    structure: Structure,
    fields: Fields,
    feeds: Feeds,
    later: frozenset[PrimitiveId] = frozenset(),
) -> Delta:
    streams: dict[PrimitiveId, tuple[str, ...]] = {}
    further: dict[tuple[PrimitiveId, str], tuple[str, ...]] = {}
    opened = Draft(
        primitives=tuple(opener.primitives),
        structures=tuple(opener.structures),
        regions=tuple(opener.regions),
        kept=frozenset({exit or structure.closing}),
        whole=False,
        later=structure.later | later,
    )
    draft = rewritten(opened, opener.library)
    graph = draft.by_id()
    for name, value in fields.items():
        outputs = feeds.get((structure.closing, name), ())
        if outputs:
            fed(value, outputs, graph, streams, further)
    return Delta(
        primitives=draft.primitives,
        units=tuple(units_of(draft.primitives).values()),
        structures=draft.structures,
        regions=draft.regions,
        exit=exit,
        streams=streams,
        feeds=further,
    )


def fed(
    value: Value,
    outputs: tuple[str, ...],
    graph: Mapping[PrimitiveId, Primitive],
    streams: dict[PrimitiveId, tuple[str, ...]],
    feeds: dict[tuple[PrimitiveId, str], tuple[str, ...]],
) -> None:
    """Note what shows in `outputs`, which are just `value`: a text as it comes, or a structure.

    Of a region that may fail alone, it is what the field at its exit is of.
    """
    match value:
        case Output(id, port) if id in graph and graph[id].op == "alias":
            (first,) = graph[id].reads()
            fed(Output(first.primitive, port), outputs, graph, streams, feeds)
        case Output(id, port) if id in graph and OPS[graph[id].op].streams == port:
            streams[id] = (*streams.get(id, ()), *outputs)
        case Member(Output(id, "value"), str(name)) if id in graph and graph[id].op == "close":
            match graph[id].params.get("value"):
                case ObjectOf(inside):
                    fed(dict(inside)[name], outputs, graph, streams, feeds)
                case None:
                    feeds[id, name] = (*feeds.get((id, name), ()), *outputs)


_CHILDREN = {"for_each": _for_each, "fold": _fold, "reduce": _reduce, "loop": _loop}
_ENDS = {"for_each": _rows, "fold": _folded, "reduce": _reduced, "loop": _looped}
