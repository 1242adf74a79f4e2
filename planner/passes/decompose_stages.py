"""decompose_stages: work on many rows is done in pieces, so that what follows can begin.

What may be cut at all is said in `planner/pairs.py`; of that, what cannot pay stays whole. Each
piece costs the fixed part of a batch once more, so what a saturated pool does stays whole, too.
Source: pass 2 of Teola (arXiv 2407.00326), with sizes from costs instead of a threshold.

>>> from planner.graph import Output, PrimitiveId
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

from math import ceil

from planner.costs import BatchCosts
from planner.draft import Draft
from planner.graph import Primitive
from planner.library import Library
from planner.pairs import in_pieces, pairs
from planner.pieces import PIECES_MAX, Sizing
from planner.pools import Pools
from planner.primitives import OPS
from planner.stages import cut_of
from spec.values import ListOf, Literal, Value


def decompose_stages(draft: Draft, library: Library) -> Draft:
    """Cut what is batched into pieces, each of which goes on as soon as it is done."""

    def sized(first: Primitive | None, second: Primitive) -> Sizing | None:
        sizing = _sizing(first, second, library.pools)
        several = sizing is not None and _may_be_several(cut_of(first, second), sizing)
        return sizing if several else None

    return in_pieces(draft, pairs(draft, library.pools, sized), library)


def _sizing(first: Primitive | None, second: Primitive, pools: Pools) -> Sizing | None:
    """Return how pieces are cut; None where they gain nothing, or ask more of a saturated pool."""
    if second.pool in pools.saturated or (first is not None and first.pool in pools.saturated):
        return None
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
    """One operation gains by being done on several replicas, unless its pool shares it out anyhow.

    A piece is large enough that at most half of what it takes is the beginning of a batch.
    """
    facts = pools.fact(second.pool)
    costs = facts.cost(second.op)
    if OPS[second.op].cut is not None or facts.replicas == 1:
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
