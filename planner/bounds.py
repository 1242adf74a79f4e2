"""What no run of a plan can beat, relative to what the engines take by their costs.

A run takes at least its critical path with every engine for itself (`critical_ms`), and at least
what it asks of a pool at the best batch, spread over its engines (`pool_ms`). Estimated from what
is expected before a run; exact in sizes from what was seen in one. These are the two classic bounds
of list scheduling, the longest path and the work of a machine (Graham, 1969), with pools for it.
"""

from collections.abc import Mapping

from planner.draft import Draft
from planner.durations import BEST
from planner.estimate import Estimator, priced
from planner.graph import PoolName, PrimitiveId
from planner.library import Library
from planner.outline import outline
from planner.plan import Plan
from spec.records import record


@record
class Bound:
    """Times in ms. `ms` is of each primitive alone; `lower_ms` the bound of the whole run."""

    ms: Mapping[PrimitiveId, float]
    path: tuple[PrimitiveId, ...]
    critical_ms: float
    pool_ms: Mapping[PoolName, float]
    lower_ms: float


def bound_of(estimator: Estimator, graph: Plan | Draft, library: Library) -> Bound:
    """Return what no run of `graph` beats, by the costs and sizes of `estimator`."""
    pools = estimator.pools
    least = priced(outline(graph, library, estimator.sizes), pools, BEST)
    pool_ms = {pool: ms / pools.fact(pool).replicas for pool, ms in least.work_ms.items()}
    return Bound(
        ms=least.ms,
        path=least.path,
        critical_ms=least.critical_ms,
        pool_ms=pool_ms,
        lower_ms=max([least.critical_ms, *pool_ms.values()]),
    )
