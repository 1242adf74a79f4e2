"""What a graph takes of the engines of each pool at the least, however long that is.

At the best batches, with all that it will open.
"""

from collections.abc import Iterator

from planner.demand import Demand
from planner.durations import work
from planner.graph import PoolName
from planner.outline import Outline
from planner.pools import Pools


def work_of(shape: Outline, pools: Pools) -> dict[PoolName, float]:
    """Return the least that an outline takes of the engines of each pool, in ms of one engine."""
    found: dict[PoolName, float] = {}
    every = list(_demands(shape, 1.0))
    together: dict[tuple[PoolName, str], float] = {}
    for demand, times in every:
        key = (demand.pool, demand.op)
        together[key] = together.get(key, 0.0) + times
    for demand, times in every:
        copies = max(1.0, together[demand.pool, demand.op])
        taken = sum(work(demand, pools.fact(demand.pool), copies))
        found[demand.pool] = found.get(demand.pool, 0.0) + times * taken
    return found


def _demands(shape: Outline, times: float) -> Iterator[tuple[Demand, float]]:
    """Yield every demand with how often it comes."""
    for demand in shape.demands.values():
        yield demand, times
    for nested in shape.nested.values():
        for part in nested.parts:
            yield from _demands(part.child, times * nested.share * part.count)
