"""Builders: a plan from a page of YAML, and a world in virtual time in which it runs."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from executors.drivers.virtual import VirtualDriver
from executors.engines.inline import Inline
from executors.engines.scripted import Behaviour, Scripted
from executors.journal import Journal
from executors.memo import Memo
from executors.performer import Performer
from executors.pools import Pool
from executors.scheduler.events import RunAccepted, RunCancelled, RunId
from executors.scheduler.invariants import broken
from executors.scheduler.scheduler import Scheduler
from executors.store.memory import MemoryRunStore
from executors.store.record import RunRecord
from executors.values import Values
from executors.workspace import Workspace
from planner.expand import make_plan
from planner.graph import PoolName
from planner.passes.names import DEFAULT
from planner.plan import Plan
from planner.pools import Pools
from planner.registry import Registry
from spec.load import load
from spec.source import Source

ROOT = Path(__file__).parents[2]
KINDS = {PoolName(kind): kind for kind in ("inline", "embedding", "vector", "llm", "rerank", "web")}
POOLS = Pools(kinds=KINDS, default={kind: name for name, kind in KINDS.items()})
START = datetime(2026, 1, 1, tzinfo=UTC)


def raised(error: Exception) -> None:
    """Let what should never be break the test."""
    raise error


def split_words(text: Any, size: int, overlap: int, tokenize: Any) -> list[dict[str, Any]]:
    """Cut at every `size` words: enough of a splitter for work that is about something else."""
    words = str(text).split()
    step = size - overlap
    return [
        {"id": f"d{at}", "text": " ".join(words[at : at + size]), "meta": {}}
        for at in range(0, len(words), step)
    ]


@dataclass
class World:
    """Scripted engines under a virtual clock; every law is checked after every event."""

    seed: int
    folder: Path
    behaviours: Mapping[str, Callable[[Any], Behaviour]]
    policy: str
    replicas: int
    batch_rows: int
    runs_max: int
    queue_max: int
    broken: list[str] = field(default_factory=list)
    split = staticmethod(split_words)

    def __post_init__(self) -> None:
        self.journal = Journal(1_000_000)
        self.store = MemoryRunStore(self.date)
        self.values = Values(self.folder, 1_000_000, 100_000)
        pools = [self._pool(name) for name in KINDS]
        self.scheduler = Scheduler({pool.name: pool.queue() for pool in pools}, self.runs_max)
        self.workspace = Workspace(self.values, Memo(100_000), lambda: self.driver.now)
        self.ended: list[str] = []
        performer = Performer(
            self.workspace,
            self.store.append,
            {pool.name: pool.traits for pool in pools},
            lambda: self.driver.now,
            self.ended.append,
            on_bug=raised,
        )
        engines = {pool.name: pool.replicas for pool in pools}
        self.driver = VirtualDriver(
            self.scheduler, performer, engines, self.journal, self.seed, self._check
        )

    def date(self) -> datetime:
        return START + timedelta(seconds=self.driver.now)

    def submit(
        self, plan: Plan, inputs: Mapping[str, Any], run: str = "r1", at: float = 0.0, **more: Any
    ) -> None:
        record = RunRecord(run, "local", "test", "1", inputs, START)
        asyncio.run(self.store.accept(record))
        self.workspace.open(RunId(run), "local", plan, inputs, START)
        more = {"deadline": at + 3600.0, **more}
        self.driver.at(at, RunAccepted(RunId(run), "local", plan, **more))

    def cancel(self, run: str, at: float) -> None:
        self.driver.at(at, RunCancelled(RunId(run)))

    def run(self) -> None:
        self.driver.run()
        assert self.broken == [], self.broken[:3]

    def record(self, run: str = "r1") -> RunRecord:
        return self.store.get("local", run)

    def kinds(self, run: str = "r1") -> list[str]:
        return [event.kind for event in self.store.events("local", run, limit=10_000)]

    def _pool(self, name: PoolName) -> Pool:
        rows = 1 if name in ("inline", "llm") else self.batch_rows
        engines = [self._engine(name) for _ in range(self.replicas)]
        rows = min(rows, engines[0].traits.batch_rows_max)
        return Pool(name, KINDS[name], self.policy, engines, rows, self.queue_max)

    def _engine(self, name: PoolName) -> Any:
        if name == "inline":
            return Inline(self.split, lambda text: [])
        behave = self.behaviours.get(name)
        return Scripted(name, *([behave] if behave else []))

    def _check(self, scheduler: Scheduler) -> None:
        self.broken += broken(scheduler)


@pytest.fixture
def world(tmp_path: Path) -> Callable[..., World]:
    """Return a builder of worlds that start at second 0."""

    def build(seed: int = 1, **changes: Any) -> World:
        settings: dict[str, Any] = {
            "behaviours": {},
            "policy": "throughput",
            "replicas": 1,
            "batch_rows": 8,
            "runs_max": 1000,
            "queue_max": 1000,
        }
        return World(seed, tmp_path / "values", **{**settings, **changes})

    return build


@pytest.fixture(scope="session")
def registry() -> Registry:
    return Registry.from_folder(ROOT / "workflows/modules", frozenset(KINDS))


@pytest.fixture(scope="session")
def plan_of(registry: Registry) -> Callable[..., Plan]:
    """Return what makes a plan of a workflow's YAML."""

    def build(page: str, modules: Registry = registry, passes: frozenset[str] = DEFAULT) -> Plan:
        document = load(Source("test.yaml", page.encode(), "yaml"), modules.vocabulary())
        return make_plan(document, modules.modules, POOLS, passes=passes)

    return build


@pytest.fixture(scope="session")
def naive_rag(plan_of: Callable[..., Plan]) -> Plan:
    return plan_of((ROOT / "workflows/examples/naive_rag.yaml").read_text())
