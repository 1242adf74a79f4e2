"""What one unit asks of an engine: rows of a batch, or tokens of a call."""

from collections.abc import Sequence

from planner.costs import COUNTED, UNASKED
from planner.extents import Extents, reply_tokens
from planner.graph import PoolName, Primitive
from planner.primitives import OPS
from planner.sizes import Sizes
from spec.records import record


@record
class Demand:
    """What is asked of `pool`. `op` is the last of a call; `cut`: its rows may leave apart.

    Of `tokens_in`, `tokens_cached` are expected to be known to the engine, and the first `lead`
    are the same in every run; the first `ahead` are read by hints meanwhile. Of many such calls of
    a run the longest reply has `tokens_longest`.
    """

    pool: PoolName
    op: str
    rows: float = 1.0
    cut: bool = False
    tokens_in: float = 0.0
    tokens_cached: float = 0.0
    tokens_out: float = 0.0
    tokens_longest: float = 0.0
    lead: float = 0.0
    ahead: float = 0.0


def demand_of(members: Sequence[Primitive], extents: Extents, sizes: Sizes) -> Demand | None:
    """Return what a unit asks for; nothing, if it needs no engine."""
    last = members[-1]
    if OPS[last.op].computed:
        return None
    if OPS[members[0].op].kind == "llm":
        return _call(members, extents, sizes)
    rows, counted = sizes.of(last.id).rows, COUNTED.get(last.op)
    if rows is None:
        rows = extents.of(last.params.get(counted)).rows if counted else 1.0
    if not rows and last.op in UNASKED:
        return None
    return Demand(last.pool, last.op, max(1.0, rows), OPS[last.op].cut is not None)


def _call(members: Sequence[Primitive], extents: Extents, sizes: Sizes) -> Demand:
    head, last = members[0], members[-1]
    seen = sizes.of(last.id)
    given = [head.params.get(port) for port in ("system", "messages", "prompt")]
    tokens = [extents.of(value).tokens for value in given]
    first = next((value for value, each in zip(given, tokens, strict=True) if each), None)
    return Demand(
        pool=last.pool,
        op="decode",
        tokens_in=max(1.0, sum(tokens) if seen.tokens_in is None else seen.tokens_in),
        tokens_cached=seen.tokens_cached or 0.0,
        tokens_out=reply_tokens(last, seen) if last.op == "decode" else 1.0,
        tokens_longest=seen.tokens_longest or 0.0,
        lead=extents.beginning(first),
    )
