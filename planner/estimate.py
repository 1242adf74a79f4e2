"""How long a run takes that is alone, primitive by primitive, before it is run.

>>> from planner.pools import Pools
>>> Estimator(Pools({}, {})).pools.facts
mappingproxy({})
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from planner.critical_path import critical_path
from planner.demand import Demand
from planner.draft import Draft
from planner.durations import Price, lone, work
from planner.graph import PoolName, PrimitiveId
from planner.library import Library
from planner.outline import Nested, Outline, outline
from planner.plan import Plan
from planner.pools import Pools
from planner.sizes import Sizes
from spec.records import record


@record
class Estimate:
    """What a graph takes. Times are in ms, `remaining_s` in seconds.

    `ms` has all primitives; the end of a structure takes what its children take, and `inside` is
    one of them, of a tree one of each level. `path` is the longest way, `critical_ms` its length,
    and `remaining_s` the longest way from the beginning of a primitive to the end. `work_ms` is
    what is taken of each pool's engines at their best batches.
    """

    ms: Mapping[PrimitiveId, float]
    path: tuple[PrimitiveId, ...]
    critical_ms: float
    work_ms: Mapping[PoolName, float]
    remaining_s: Mapping[PrimitiveId, float]
    inside: Mapping[PrimitiveId, tuple["Estimate", ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Estimator:
    """Estimates by what the engines of `pools` take, and by `sizes` that are known or assumed."""

    pools: Pools
    sizes: Sizes = field(default_factory=Sizes)

    def of(self, graph: Plan | Draft, library: Library | None = None) -> Estimate:
        """Return what a plan takes, or a draft with the `library` that it was opened from."""
        if library is None:
            if not isinstance(graph, Plan):
                raise TypeError("a draft does not say what it was opened from")
            library = graph.library
        return priced(outline(graph, library, self.sizes), self.pools, lone)


def priced(shape: Outline, pools: Pools, price: Price, copies: float = 1.0) -> Estimate:
    """Return what an outline takes by `price`, `copies` of it at the same time."""
    ms = dict.fromkeys(shape.waits, 0.0)
    inside: dict[PrimitiveId, tuple[Estimate, ...]] = {}
    for leader, demand in shape.demands.items():
        together = 1.0 if leader in shape.lagging else copies
        head, rest = price(demand, pools.fact(demand.pool), together)
        ms[leader] += head
        ms[shape.lasts.get(leader, leader)] += rest
    for closing, nested in shape.nested.items():
        ms[closing], inside[closing] = _span(nested, pools, price, copies)
    path = critical_path(ms, shape.waits)
    return Estimate(
        ms=ms,
        path=path.nodes,
        critical_ms=path.ms,
        work_ms=work_of(shape, pools),
        remaining_s=path.remaining_s,
        inside=inside,
    )


def _span(
    nested: Nested, pools: Pools, price: Price, copies: float
) -> tuple[float, tuple[Estimate, ...]]:
    """Return what all children of a structure take, and what one of each part does among them."""
    ones: list[Estimate] = []
    total = 0.0
    for part in nested.parts:
        together = max(1.0, copies * nested.share * min(part.count, nested.width))
        ones.append(priced(part.child, pools, price, together))
        total += max(1.0, part.count / nested.width) * ones[-1].critical_ms
    return nested.share * total, tuple(ones)


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
