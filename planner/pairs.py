"""Finds what may be done in pieces, and puts a structure in its place.

A pair of operations becomes a structure: how many rows there are is known in the run, and so is how
they are cut. Who read what the second gave reads it still, under the same name. A pair stays whole
where anyone else reads what the first gave, and where the two may not fail alike; an index with a
name stays whole, since half of it must never be seen; and so does what is ranked by an engine that
does not judge each row for itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from planner.draft import Draft
from planner.graph import Output, Primitive, PrimitiveId
from planner.library import Library
from planner.opened_later import read_later
from planner.pieces import PIECES_MAX, Sizing
from planner.pools import Pools
from planner.primitives import OPS
from planner.stages import STAGINGS, Staging, cut_of
from planner.structure import Pair, Structure
from spec.values import Literal, Value

#: Says how pieces of a pair are cut, the first of which may be missing; None where it stays whole.
Sized: TypeAlias = Callable[[Primitive | None, Primitive], Sizing | None]


def pairs(draft: Draft, pools: Pools, sized: Sized) -> Sequence[Pair]:
    """Return what of a draft may be done in pieces, and is to be."""
    candidates = [each for each in draft.primitives if each.op in STAGINGS and not each.pending]
    if not candidates:
        return ()
    by_id, found = draft.by_id(), []
    for second in candidates:
        staging = STAGINGS[second.op]
        first = _handing(second, staging, by_id)
        if (first is None) != (staging.first is None):
            continue
        if first is None and not _takes_each(second, pools):
            continue
        if (sizing := sized(first, second)) is not None:
            found.append(Pair(first, second, sizing))
    if any(pair.first is not None for pair in found):
        readers, later = draft.readers(), draft.kept | read_later(draft)
        found = [pair for pair in found if _is_alone(pair, readers, later)]
    firsts = {pair.first.id for pair in found if pair.first is not None}
    return [pair for pair in found if pair.second.id not in firsts]


def in_pieces(draft: Draft, found: Sequence[Pair], library: Library) -> Draft:
    """Return a draft in which each of the pairs is done in pieces."""
    if not found:
        return draft
    by_second = {pair.second.id: pair for pair in found}
    gone = {pair.first.id for pair in found if pair.first is not None}
    structures = {id: _structure(pair) for id, pair in by_second.items()}
    primitives: list[Primitive] = []
    for each in draft.primitives:
        if each.id in by_second:
            opening = structures[each.id].opening
            primitives.append(_opening(by_second[each.id], opening, library))
            primitives.append(_closing(each, opening))
        elif each.id not in gone:
            primitives.append(each)
    whole = draft.with_primitives(primitives)
    return replace(whole, structures=(*draft.structures, *structures.values()))


def _structure(pair: Pair) -> Structure:
    return Structure(
        opening=PrimitiveId(f"{pair.second.id}:stages"),
        closing=pair.second.id,
        kind="stages",
        region=pair.second.region,
        width=PIECES_MAX,
        fields=(),
        inside=pair,
    )


def _opening(pair: Pair, id: PrimitiveId, library: Library) -> Primitive:
    """Return what counts the rows, as soon as the first might have begun."""
    begins = pair.first or pair.second
    return replace(
        begins,
        id=id,
        op="open",
        pool=library.pools.default["inline"],
        params={"cut": cut_of(pair.first, pair.second)},
    )


def _closing(second: Primitive, opening: PrimitiveId) -> Primitive:
    """Return what holds the place of the second until its pieces are joined."""
    handed = STAGINGS[second.op].handed
    params = dict(second.params)
    if handed:
        params[handed] = Output(opening, "items")
    return replace(second, params=params, after=second.after | {opening}, pending=True)


def _handing(
    second: Primitive, staging: Staging, by_id: Mapping[PrimitiveId, Primitive]
) -> Primitive | None:
    """Return the first of a pair: what hands its rows to the second, which reads them alike."""
    match second.params.get(staging.handed):
        case Output(id) if id in by_id and by_id[id].op == staging.first:
            first = by_id[id]
            rows = cut_of(first, second)
            alike = (second.params[port] for port in OPS[second.op].each if port != staging.handed)
            together = (first.region, first.step, first.priority)
            if together != (second.region, second.step, second.priority):
                return None
            private = second.params.get("name", Literal(None)) == Literal(None)
            return first if private and all(_is_alike(each, rows) for each in alike) else None
    return None


def _is_alike(value: Value, rows: Value) -> bool:
    return value == rows or value == Literal(None)


def _takes_each(second: Primitive, pools: Pools) -> bool:
    """Whether a row comes to the same whatever is beside it: by what it is, or for its engine."""
    facts = pools.fact(second.pool)
    return OPS[second.op].cut is not None or (facts.pointwise and facts.deterministic)


def _is_alone(
    pair: Pair,
    readers: Mapping[PrimitiveId, list[Primitive]],
    later: frozenset[PrimitiveId],
) -> bool:
    if pair.first is None:
        return True
    return pair.first.id not in later and readers[pair.first.id] == [pair.second]
