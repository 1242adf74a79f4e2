"""One run of a document on the whole scheduler, in virtual time, its laws checked on the way."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from executors.drivers.virtual import VirtualDriver
from executors.journal import Journal
from executors.memo import Memo
from executors.performer import Performer
from executors.pools import Pool
from executors.scheduler.chances import Chances
from executors.scheduler.events import RunAccepted, RunId
from executors.scheduler.invariants import broken
from executors.scheduler.scheduler import Scheduler
from executors.store.memory import MemoryRunStore
from executors.store.record import RunRecord
from executors.values import Values
from executors.workspace import Workspace
from planner.costs import BatchCosts
from planner.draft import Watch, unwatched
from planner.expand import make_plan
from planner.graph import PoolName, PrimitiveId
from planner.passes.names import DEFAULT
from planner.plan import Plan
from planner.pools import PoolFacts, Pools
from planner.primitives import OPS
from spec.model import Document
from spec.values import JSON
from tests.equivalence.judged import Judged
from tests.interpreter.faults import Script
from tests.interpreter.interpreter import Library
from tests.interpreter.shelf import ALIASES

KINDS = {PoolName(op.kind): op.kind for op in OPS.values()}
#: By these short lists, too, are cut into pieces.
COSTS = {"embed": BatchCosts(1.0, 1.0), "ingest": BatchCosts(0.0, 1.0),
         "search": BatchCosts(0.0, 1.0), "rerank": BatchCosts(1.0, 1.0)}  # fmt: skip
POOLS = Pools(
    kinds={**KINDS, **{PoolName(name): kind for name, kind in ALIASES.items()}},
    default={kind: name for name, kind in KINDS.items()},
    facts={
        PoolName(name): PoolFacts(
            deterministic=True,
            streams=True,
            warms=True,
            pointwise=True,
            replicas=2,
            rows_max=8,
            slots=8,
            block_tokens=0,
            costs=COSTS,
        )
        for name in (*KINDS, *ALIASES)
    },
)
START = datetime(2026, 1, 1, tzinfo=UTC)
EVERY_EVENT = 300  # laws are checked after each of so many, then after every so many
WHILE_IT_CAME, TAKEN_BACK = "list gone over while it came", "list taken back"
ROW_BY_ROW = "list taken row by row while it came"
KEPT, DROPPED = "begun ahead and kept", "begun ahead and dropped"
IN_PIECES = "list done in pieces"
_FOR_EVER = 1e15
_NOWHERE = Path("/nowhere")  # nothing is spilled: all fits in memory


@dataclass(frozen=True, slots=True)
class Settings:
    """What of the service must not show in any output."""

    seed: int = 0
    policy: str = "throughput"
    batch_rows: int = 8
    replicas: int = 1
    passes: frozenset[str] = DEFAULT
    saturated: frozenset[PoolName] = frozenset()  #: pools, when the run came


def plan_of(
    document: Document,
    library: Library,
    settings: Settings = Settings(),  # nobody changes it
    watch: Watch = unwatched,
) -> Plan:
    """Open a document that needs nothing but what `library` has, and rewrite it by the passes that
    are on, under the load there is.
    """
    pools = replace(POOLS, saturated=settings.saturated)
    return make_plan(document, library.modules, pools, library.flows, settings.passes, watch)


def serve(
    plan: Plan,
    inputs: dict[str, JSON],
    script: Script,
    settings: Settings,
    met: set[str] | None = None,
    prompts: set[str] | None = None,
) -> RunRecord:
    """Run `plan` to its end; return its record. Raise `AssertionError` if a law was broken.

    What happened only because of a pass is added to `met`, and to `prompts` those that were sent.
    """
    world = _World(script, settings, set() if met is None else met)
    record = world.run(plan, inputs)
    if prompts is not None:
        prompts.update(*(engine.scripted.prompts for engine in world.engines))
    return record


def raised(error: Exception) -> None:
    """Let what should never be break the test."""
    raise error


class Likely(Chances):
    """Takes every condition for one that is met: most of what may be begun ahead is."""

    def of(self, tenant: str, plan: str, opening: PrimitiveId) -> float:
        """Return nearly 1."""
        return 0.98


class _World:
    def __init__(self, script: Script, settings: Settings, met: set[str]) -> None:
        pools = [_pool(name, kind, script, settings) for name, kind in POOLS.kinds.items()]
        self.engines: list[Any] = [each for pool in pools for each in pool.replicas]
        self.store = MemoryRunStore(lambda: START)
        self.workspace = Workspace(
            Values(_NOWHERE, 1 << 30, 1 << 28), Memo(1 << 30), lambda: self.driver.now
        )
        self.broken: list[str] = []
        self.met = met
        self.events = 0
        performer = Performer(
            workspace=self.workspace,
            append=self.store.append,
            traits={pool.name: pool.traits for pool in pools},
            clock=lambda: self.driver.now,
            after_run=lambda run: None,
            on_bug=raised,
        )
        self.driver = VirtualDriver(
            scheduler=Scheduler(
                {pool.name: pool.queue() for pool in pools}, runs_max=1, chances=Likely()
            ),
            performer=performer,
            engines={pool.name: pool.replicas for pool in pools},  # type: ignore[misc]
            journal=Journal(1),
            seed=settings.seed,
            watch=self._check,
        )

    def run(self, plan: Plan, inputs: dict[str, JSON]) -> RunRecord:
        run = RunId("r1")
        asyncio.run(self.store.accept(RunRecord(run, "local", "made-up", "1", inputs, START)))
        self.workspace.open(run, "local", plan, inputs, START)
        self.driver.at(0.0, RunAccepted(run, "local", plan, deadline=_FOR_EVER))
        self.driver.run()
        assert self.broken == [], self.broken[:3]
        told = self.store.events("local", run, limit=100_000)
        begun = [each.data for each in told if each.kind == "step.speculated"]
        self.met.update(KEPT if data["kept"] else DROPPED for data in begun)
        return self.store.get("local", run)

    def _check(self, scheduler: Scheduler) -> None:
        self.events += 1
        for run in scheduler.runs.values():
            growing = {u.structure.kind for u in run.unfoldings.values() if u.growing}
            if growing:
                self.met.add(WHILE_IT_CAME)
            if "stages" in growing:
                self.met.add(ROW_BY_ROW)
            if any(each.structure.kind == "stages" for each in run.unfoldings.values()):
                self.met.add(IN_PIECES)
            if run.edition:
                self.met.add(TAKEN_BACK)
        if self.events < EVERY_EVENT or self.events % EVERY_EVENT == 0:
            self.broken += broken(scheduler)


def _pool(name: PoolName, kind: str, script: Script, settings: Settings) -> Pool:
    rows = settings.batch_rows if kind == "embedding" else 1
    engines: list[Any] = [Judged(name, kind, script) for _ in range(settings.replicas)]
    return Pool(name, kind, settings.policy, engines, rows, queue_max=1_000_000, block_tokens=0)
