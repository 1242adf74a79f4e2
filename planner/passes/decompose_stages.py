"""decompose_stages: work on many rows is done in pieces, so that what follows can begin.

A pair of operations becomes a structure: how many rows there are is known in the run, and so is how
they are cut. Who read what the second gave reads it still, under the same name. A pair stays whole
where anyone else reads what the first gave, where the two may not fail alike, and where pieces
cannot pay; an index with a name stays whole, since half of it must never be seen.
Source: pass 2 of Teola (arXiv 2407.00326), with sizes from costs instead of a threshold.

>>> from planner.pools import PoolFacts
>>> from planner.render import listing
>>> from planner.sketch import sketch
>>> page = '''
... module: kept
... inputs: {docs: "doc[]"}
... steps:
...   index:
...     steps:
...       vectors: {op: embed, texts: $inputs.docs}
...       stored: {op: ingest, chunks: $inputs.docs, vectors: $vectors.vectors}
...     outputs: {index: $stored.index}
... outputs: {index: $index.index}
... '''
>>> draft, library = sketch(page, embedding=PoolFacts(rows_max=64))
>>> print(listing(draft))
index.vectors  embed @ embedding <- .
index.stored   ingest @ vector <- index.vectors
index:over     barrier @ inline <- index.stored
output:index   select @ inline <- index.stored
>>> print(listing(decompose_stages(draft, library)))
index.stored:stages  open @ inline <- .; in pieces: index.vectors, then index.stored
index.stored         ingest @ vector <- index.stored:stages; made in the run
index:over           barrier @ inline <- index.stored
output:index         select @ inline <- index.stored
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import ceil

from planner.costs import BatchCosts
from planner.draft import Draft
from planner.graph import Output, Primitive, PrimitiveId
from planner.library import Library
from planner.opened_later import read_later
from planner.pieces import PIECES_MAX, Sizing
from planner.pools import Pools
from planner.stages import STAGINGS, Staging, cut_of
from planner.structure import Pair, Structure
from spec.values import ListOf, Literal, Value


def decompose_stages(draft: Draft, library: Library) -> Draft:
    """Cut what is batched into pieces, each of which goes on as soon as it is done."""
    pairs = {pair.second.id: pair for pair in _pairs(draft, library.pools)}
    if not pairs:
        return draft
    gone = {pair.first.id for pair in pairs.values() if pair.first is not None}
    structures = {id: _structure(pair) for id, pair in pairs.items()}
    primitives: list[Primitive] = []
    for each in draft.primitives:
        if each.id in pairs:
            opening = structures[each.id].opening
            primitives.append(_opening(pairs[each.id], opening, library))
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


def _pairs(draft: Draft, pools: Pools) -> Iterator[Pair]:
    """Yield what can be done in pieces, and pays."""
    candidates = [each for each in draft.primitives if each.op in STAGINGS and not each.pending]
    if not candidates:
        return
    by_id, found = draft.by_id(), []
    for second in candidates:
        staging = STAGINGS[second.op]
        first = _handing(second, staging, by_id)
        if (first is None) == (staging.first is None):
            sizing = _sizing(first, second, pools)
            if sizing is not None and _may_be_several(cut_of(first, second), sizing):
                found.append(Pair(first, second, sizing))
    if any(pair.first is not None for pair in found):
        readers, later = draft.readers(), draft.kept | read_later(draft)
        found = [pair for pair in found if _is_alone(pair, readers, later)]
    yield from found


def _handing(
    second: Primitive, staging: Staging, by_id: Mapping[PrimitiveId, Primitive]
) -> Primitive | None:
    """Return the first of a pair: what hands its rows to the second, which reads them alike."""
    match second.params.get(staging.handed):
        case Output(id) if id in by_id and by_id[id].op == staging.first:
            first = by_id[id]
            rows = cut_of(first, second)
            alike = (second.params.get(port) for port in staging.alike)
            together = (first.region, first.step, first.priority)
            if together != (second.region, second.step, second.priority):
                return None
            private = second.params.get("name", Literal(None)) == Literal(None)
            return first if private and all(_is_alike(each, rows) for each in alike) else None
    return None


def _is_alike(value: Value | None, rows: Value) -> bool:
    return value == rows or value == Literal(None)


def _is_alone(
    pair: Pair,
    readers: Mapping[PrimitiveId, list[Primitive]],
    later: frozenset[PrimitiveId],
) -> bool:
    if pair.first is None:
        return True
    return pair.first.id not in later and readers[pair.first.id] == [pair.second]


def _sizing(first: Primitive | None, second: Primitive, pools: Pools) -> Sizing | None:
    """Return how pieces are cut; None where they gain nothing."""
    return _of_lone(second, pools) if first is None else _of_pair(first, second, pools)


def _of_pair(first: Primitive, second: Primitive, pools: Pools) -> Sizing | None:
    """A pair gains by overlap, unless it takes longer to begin with the second than to do a piece
    of the first.
    """
    rows = pools.fact(first.pool).rows_max
    before, after = pools.fact(first.pool).cost(first.op), pools.fact(second.pool).cost(second.op)
    if rows == 1 or not isinstance(before, BatchCosts) or not isinstance(after, BatchCosts):
        return None
    if after.fixed_ms >= before.batch_ms(rows):
        return None
    return Sizing(rows, before.fixed_ms / after.row_ms if after.row_ms > 0 else None)


def _of_lone(second: Primitive, pools: Pools) -> Sizing | None:
    """One operation gains by being done on several replicas, where each row is judged for itself.

    A piece is large enough that at most half of what it takes is the beginning of a batch.
    """
    facts = pools.fact(second.pool)
    costs = facts.cost(second.op)
    if not (facts.pointwise and facts.deterministic) or facts.replicas == 1:
        return None
    if not isinstance(costs, BatchCosts) or costs.row_ms <= 0:
        return None
    least = max(1, ceil(costs.fixed_ms / costs.row_ms))
    return Sizing(least, pieces_max=min(facts.replicas, PIECES_MAX))


def _may_be_several(rows: Value, sizing: Sizing) -> bool:
    match rows:
        case ListOf(items):
            return sizing.of(len(items)).number > 1
        case Literal(list() as items):
            return sizing.of(len(items)).number > 1
        case Literal():
            return False
    return True
