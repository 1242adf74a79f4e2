"""What a service counts for Prometheus; the one file that knows its client.

Labels are of closed sets, pools and operations and codes: never a run, a tenant or a workflow,
which are as many as their authors like. `docs/metrics.md` is the table.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    SummaryMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from api.plans import Plans
from executors.memo import Memo
from executors.pools import Pool
from executors.runner import PoolState
from executors.scheduler.commands import (
    Command,
    Dispatch,
    PrimitiveFinished,
    RunFinished,
    Speculated,
)
from executors.scheduler.events import Event, PieceFailed, RunAccepted, RunId
from executors.usage import Usage
from planner.graph import PoolName

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
#: Seconds, from an operation that computes to a run that waits for a large model.
SECONDS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


_TOKENS = ("in", "out", "cached")


@dataclass(slots=True)
class _Seconds:
    """How long something took, each time: plain numbers, since it is counted very often."""

    under: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    sum: float = 0.0

    def observe(self, seconds: float) -> None:
        self.under[bisect_left(SECONDS, seconds)] += 1
        self.sum += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Return for each bound, as text, how often it was kept."""
        bounds = [*map(str, map(float, SECONDS)), "+Inf"]
        return list(zip(bounds, accumulate(self.under), strict=True))


@dataclass(slots=True)
class _Work:
    """What is counted of one operation in one pool."""

    queue: _Seconds = field(default_factory=_Seconds)
    execution: _Seconds = field(default_factory=_Seconds)
    between_s: float = 0.0
    primitives: int = 0
    usage: Usage = field(default_factory=Usage)


class _Primitives(Collector):
    """Counts what primitives took and used, in one place for each operation of a pool."""

    def __init__(self, pools: Sequence[Pool]) -> None:
        self._models = {pool.name: pool.traits.model for pool in pools}
        self._works: dict[tuple[PoolName, str], _Work] = {}

    def count(self, done: PrimitiveFinished) -> None:
        """Count one that is finished."""
        work = self._works.get((done.pool, done.op))
        if work is None:
            work = self._works[done.pool, done.op] = _Work()
        timing = done.timing
        work.primitives += 1
        work.queue.observe(timing.queue_s)
        work.between_s += timing.batch_s
        work.execution.observe(timing.execution_s)
        work.usage += done.usage

    def collect(self) -> Iterator[Metric]:
        """Yield each family, made of what was counted."""
        labels = ("pool", "op")
        queue = HistogramMetricFamily(
            "teola_primitive_queue_seconds", "From ready until its first piece left.", labels=labels
        )
        between = SummaryMetricFamily(
            "teola_primitive_batch_seconds",
            "After the first piece left, while none was in an engine.",
            labels=labels,
        )
        execution = HistogramMetricFamily(
            "teola_primitive_execution_seconds", "While a piece was in an engine.", labels=labels
        )
        for names, work in self._works.items():
            queue.add_metric(names, work.queue.buckets(), work.queue.sum)
            between.add_metric(names, work.primitives, work.between_s)
            execution.add_metric(names, work.execution.buckets(), work.execution.sum)
        yield from (queue, between, execution, *self._used())

    def _used(self) -> tuple[Metric, Metric]:
        what = "Tokens of what was finished, as engines count them."
        tokens = CounterMetricFamily("teola_tokens", what, labels=("pool", "model", "kind"))
        what = "Replies that ended because they had as many tokens as they may have."
        replies = CounterMetricFamily("teola_replies_cut", what, labels=("pool", "model"))
        used: dict[PoolName, Usage] = {}
        for (pool, _), work in self._works.items():
            used[pool] = used.get(pool, Usage()) + work.usage
        for pool, usage in used.items():
            for kind in _TOKENS:
                counted = usage.as_data()[f"tokens_{kind}"]
                tokens.add_metric((pool, self._models[pool], kind), counted)
            replies.add_metric((pool, self._models[pool]), usage.replies_cut)
        return tokens, replies


class Metrics:
    """Counts what the scheduler is told and orders, and what is asked over HTTP.

    `states` says how the pools are now; it is asked when a page is.
    """

    def __init__(
        self,
        pools: Sequence[Pool],
        states: Callable[[], Iterable[PoolState]],
        memo: Memo,
        plans: Plans,
    ) -> None:
        self._began: dict[RunId, float] = {}
        registry = self.registry = CollectorRegistry()
        registry.register(_Now(states, memo, plans, self._began))
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        self._primitives = _Primitives(pools)
        registry.register(self._primitives)
        self._accepted = _counter(registry, "runs_accepted", "Runs that were taken on.")
        self._finished = _counter(registry, "runs_finished", "Runs that have ended.", "status")
        self._run_seconds = _histogram(
            registry, "run_seconds", "From acceptance to the end of a run.", "status"
        )
        self._rows = _histogram(
            registry, "batch_rows", "Rows that left together.", "pool", buckets=ROWS
        )
        self._faults = _counter(
            registry, "engine_faults", "Pieces that an engine did not answer.", "pool", "code"
        )
        self._speculated = _counter(
            registry, "speculations", "Branches begun ahead of their condition.", "result"
        )
        self._wasted_s = _counter(
            registry, "speculation_wasted_seconds", "Work of engines on what was dropped."
        )
        self._wasted_tokens = _counter(
            registry, "speculation_wasted_tokens", "Tokens of what was dropped.", "kind"
        )
        asked = ("method", "route")
        self._answers = _counter(registry, "http_answers", "Answers over HTTP.", *asked, "status")
        self._answer_seconds = _histogram(
            registry, "http_answer_seconds", "Until an answer began.", *asked
        )

    def page(self) -> bytes:
        """Return everything counted, in Prometheus' text format."""
        return generate_latest(self.registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer over HTTP; `route` is the template that matched."""
        method = method if method in METHODS else "other"
        self._answers.labels(method, route, status).inc()
        self._answer_seconds.labels(method, route).observe(seconds)

    def watch(self, now: float, event: Event, commands: Sequence[Command]) -> None:
        """Count what one call of the scheduler says."""
        match event:
            case RunAccepted(run):
                self._accepted.inc()
                self._began[run] = now
            case PieceFailed(_, _, trouble):
                self._faults.labels(trouble.pool or "", trouble.code).inc()
        for command in commands:
            match command:
                case PrimitiveFinished():
                    self._primitives.count(command)
                case Dispatch(_, pool, _, pieces):
                    rows = sum(piece.stop - piece.start for piece in pieces)
                    self._rows.labels(pool).observe(rows)
                case Speculated():
                    self._decided(command)
                case RunFinished(run, status):
                    self._finished.labels(status).inc()
                    self._run_seconds.labels(status).observe(now - self._began.pop(run))

    def _decided(self, done: Speculated) -> None:
        self._speculated.labels("kept" if done.kept else "dropped").inc()
        if not done.kept:
            self._wasted_s.inc(done.execution_s)
            for kind in _TOKENS:
                self._wasted_tokens.labels(kind).inc(done.usage.as_data()[f"tokens_{kind}"])


def _counter(registry: CollectorRegistry, name: str, what: str, *labels: str) -> Counter:
    return Counter(f"teola_{name}", what, labels, registry=registry)


def _histogram(
    registry: CollectorRegistry,
    name: str,
    what: str,
    *labels: str,
    buckets: Sequence[float] = SECONDS,
) -> Histogram:
    return Histogram(f"teola_{name}", what, labels, registry=registry, buckets=buckets)


class _Now(Collector):
    """What is so at the moment a page is asked for."""

    def __init__(
        self,
        states: Callable[[], Iterable[PoolState]],
        memo: Memo,
        plans: Plans,
        live: Mapping[RunId, float],
    ) -> None:
        self._states = states
        self._memo = memo
        self._plans = plans
        self._live = live

    def collect(self) -> Iterator[Metric]:
        """Yield each family, its samples looked up now."""
        yield GaugeMetricFamily("teola_runs_live", "Runs that have not ended.", len(self._live))
        yield from self._pools()
        yield from self._remembered()
        yield from self._planned()

    def _pools(self) -> Iterator[Metric]:
        families = {
            what: GaugeMetricFamily(f"teola_pool_{what}", text, labels=("pool",))
            for what, text in _OF_A_POOL.items()
        }
        for state in self._states():
            pool, traits = state.pool, state.traits
            now = (
                state.waiting, state.batches, traits.slots * len(pool.replicas),
                len(pool.replicas), state.started,
            )  # fmt: skip
            for family, value in zip(families.values(), now, strict=True):
                family.add_metric((pool.name,), value)
        yield from families.values()

    def _remembered(self) -> Iterator[Metric]:
        lookups = CounterMetricFamily(
            "teola_memo_lookups", "Results asked of `cache`.", labels=("result",)
        )
        lookups.add_metric(("hit",), self._memo.hits)
        lookups.add_metric(("miss",), self._memo.misses)
        yield lookups
        yield GaugeMetricFamily("teola_memo_bytes", "Held for `cache`.", self._memo.bytes)

    def _planned(self) -> Iterator[Metric]:
        lookups = CounterMetricFamily(
            "teola_plan_lookups", "Plans asked for, of those kept.", labels=("result",)
        )
        lookups.add_metric(("hit",), self._plans.hits)
        lookups.add_metric(("miss",), self._plans.misses)
        yield lookups
        yield GaugeMetricFamily("teola_plans", "Plans kept.", len(self._plans))
        yield GaugeMetricFamily("teola_plans_bytes", "Held for them.", self._plans.bytes)


_OF_A_POOL: Final = {
    "waiting": "Tasks in the queue.",
    "batches": "Batches in its engines.",
    "slots": "Batches that its engines run at the same time.",
    "replicas": "Engines.",
    "replicas_up": "Engines that have started.",
}
