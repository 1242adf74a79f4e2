"""Where the time of a run went: estimate, actual and bound of each piece of work side by side.

Made from the events of the run alone, and from its plan where that is still known. The critical
path is what happened: from the last piece of work back along what each had waited for last. Times
on it add up to the run's, so nothing is left unexplained.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from executors.store.record import RunEvent, RunRecord
from planner.bounds import bound_of
from planner.critical_path import critical_path
from planner.demand import Demand
from planner.durations import best
from planner.estimate import Estimate, Estimator
from planner.graph import PoolName, PrimitiveId
from planner.plan import Plan
from planner.pools import PoolFacts, Pools
from planner.primitives import BEGINNINGS, OPS
from planner.sizes import Sizes, pattern
from spec.records import record

_UNKNOWN = PoolFacts()

#: Where time on a critical path goes, in the order in which a piece of work meets it.
CAUSES = ("queue", "batch", "prefill", "decode", "execution", "scheduler")


@record
class Work:
    """One primitive that an engine did. Times are in ms since the run started, or took so long.

    `least_ms` is what it takes at best, by its actual size; `estimate_ms` what was expected of it.
    """

    primitive: PrimitiveId
    op: str
    step: str | None
    pool: PoolName
    ready_ms: float
    queue_ms: float
    batch_ms: float
    execution_ms: float
    done_ms: float
    rows: int
    usage: Mapping[str, int]
    after: PrimitiveId | None
    estimate_ms: float | None
    least_ms: float

    @property
    def actual_ms(self) -> float:
        """Return how long it took from when it could begin."""
        return self.done_ms - self.ready_ms


@record
class Explained:
    """A run in figures, in ms. `causes` add up to `duration_ms`: where time on `path` went.

    `estimate_ms` and `lower_estimate_ms` were expected before the run; None where its plan is known
    no more. `lower_ms` is the longest way along what was waited for with every piece at its best.
    """

    duration_ms: float
    estimate_ms: float | None
    lower_estimate_ms: float | None
    lower_ms: float
    path: tuple[Work, ...]
    causes: Mapping[str, float]
    work: tuple[Work, ...]


def explain(
    run: RunRecord,
    events: Sequence[RunEvent],
    facts: Mapping[PoolName, PoolFacts],
    plan: Plan | None,
    sizes: Sizes,
    pools: Pools | None = None,
) -> Explained:
    """Return where the time of a run that has ended went; `sizes` and what engines of `pools` take
    were known when it began.
    """
    expected = _Expected.of(plan, sizes, pools)
    told = [each.data for each in events if each.kind == "primitive.finished"]
    calls = {each["after"]: each["usage"] for each in told if OPS[each["op"]].continues}
    work = tuple(
        _work(each, calls.get(each["primitive"], each["usage"]), facts, expected) for each in told
    )
    path = _path(work)
    duration_ms = run.duration_ms or 0.0
    return Explained(
        duration_ms=duration_ms,
        estimate_ms=expected.critical_ms,
        lower_estimate_ms=expected.lower_ms,
        lower_ms=_lower_ms(work),
        path=path,
        causes=_causes(path, duration_ms),
        work=work,
    )


@dataclass(frozen=True, slots=True)
class _Expected:
    """What was expected of a run. `ms` is by primitive, of what is opened in a run by pattern."""

    critical_ms: float | None = None
    lower_ms: float | None = None
    ms: Mapping[str, float] = field(default_factory=dict)

    @staticmethod
    def of(plan: Plan | None, sizes: Sizes, pools: Pools | None) -> "_Expected":
        if plan is None:
            return _Expected()
        estimator = Estimator(pools or plan.library.pools, sizes)
        estimate = estimator.of(plan)
        lower_ms = bound_of(estimator, plan, plan.library).lower_ms
        return _Expected(estimate.critical_ms, lower_ms, dict(_by_pattern(estimate)))


def _by_pattern(estimate: Estimate) -> Iterator[tuple[str, float]]:
    for parts in estimate.inside.values():
        for part in parts:
            yield from _by_pattern(part)
    for id, ms in estimate.ms.items():
        yield pattern(id), ms


def _work(
    data: Mapping[str, Any],
    call: Mapping[str, int],
    facts: Mapping[PoolName, PoolFacts],
    expected: _Expected,
) -> Work:
    """Read what was told of one primitive; `call` is the usage of the call it is of, if it is."""
    is_head = data["op"] in BEGINNINGS
    demand = Demand(
        pool=data["pool"],
        op="decode" if is_head else data["op"],
        rows=data["rows"],
        cut=OPS[data["op"]].cut is not None,
        tokens_in=call["tokens_in"],
        tokens_cached=call["tokens_cached"],
        tokens_out=call["tokens_out"],
    )
    head, rest = best(demand, facts.get(data["pool"], _UNKNOWN), 1)
    took_ms = data["queue_ms"] + data["batch_ms"] + data["execution_ms"]
    return Work(
        primitive=data["primitive"],
        op=data["op"],
        step=data["step"],
        pool=data["pool"],
        ready_ms=max(0.0, round(data["done_ms"] - took_ms, 3)),
        queue_ms=data["queue_ms"],
        batch_ms=data["batch_ms"],
        execution_ms=data["execution_ms"],
        done_ms=data["done_ms"],
        rows=data["rows"],
        usage=data["usage"],
        after=data["after"],
        estimate_ms=expected.ms.get(pattern(data["primitive"])),
        least_ms=head if is_head else rest,
    )


def _path(work: Sequence[Work]) -> tuple[Work, ...]:
    """Return the work that the end of the run had waited for, the first of it first."""
    by_id = {each.primitive: each for each in work}
    found: list[Work] = []
    last = max(reversed(work), key=lambda each: each.done_ms, default=None)  # of equals, told last
    while last is not None and last not in found:
        found.append(last)
        last = by_id.get(last.after) if last.after is not None else None
    return tuple(reversed(found))


def _causes(path: Sequence[Work], duration_ms: float) -> dict[str, float]:
    """Return where the time along `path` went; what no work took is the scheduler's own."""
    causes = dict.fromkeys(CAUSES, 0.0)
    for before, each in pairwise(path):
        if before.op in BEGINNINGS:  # what follows an item of a list waits for its being said
            causes["decode"] += max(0.0, each.ready_ms - before.done_ms)
    for each in path:
        causes["queue"] += each.queue_ms
        causes["batch"] += each.batch_ms
        causes[each.op if each.op in CAUSES else "execution"] += each.execution_ms
    causes["scheduler"] = max(0.0, duration_ms - sum(causes.values()))
    return {cause: round(ms, 3) for cause, ms in causes.items()}


def _lower_ms(work: Sequence[Work]) -> float:
    """Return the longest way along what was waited for, every piece of work at its best."""
    least = {each.primitive: each.least_ms for each in work}
    waits = {each.primitive: (each.after,) for each in work if each.after is not None}
    return critical_path(least, waits).ms
