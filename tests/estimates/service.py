"""Examples in virtual time on emulated engines, beside an observer that starts out wrong."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from executors.drivers.virtual import VirtualDriver
from executors.engines.emulated import Emulated
from executors.engines.emulation.profiles import PROFILES, LanguageProfile, with_numbers
from executors.engines.inline import Inline
from executors.journal import Journal
from executors.memo import Memo
from executors.observing import Observer
from executors.performer import Performer
from executors.pools import Pool
from executors.scheduler.commands import Command
from executors.scheduler.events import Event, RunAccepted, RunId
from executors.scheduler.scheduler import Scheduler
from executors.store.memory import MemoryRunStore
from executors.store.record import RunRecord
from executors.values import Values
from executors.workspace import Workspace
from planner.bounds import bound_of
from planner.costs import BatchCosts, Costs, LanguageCosts
from planner.estimate import Estimator
from planner.expand import make_plan
from planner.graph import PoolName
from planner.passes.names import DEFAULT
from planner.plan import Plan
from planner.pools import Pools
from planner.primitives import OPS
from planner.refining import Refining
from planner.registry import Registry
from spec.load import load
from spec.model import Document
from spec.source import Source

ROOT = Path(__file__).parents[2]
EXAMPLES = (
    "naive_rag", "advanced_rag", "search_and_generate", "contextual_retrieval",
    "map_reduce_summary", "chat_with_memory",
)  # fmt: skip
START = datetime(2026, 1, 1, tzinfo=UTC)
_DEADLINE_S = 3600.0
_MODELS = {
    "embedding": "bge-large-3090",
    "vector": "pgvector",
    "llm": "llama-3.1-8b-4090",
    "rerank": "bge-reranker-large-3090",
    "web": "search-api",
}
_EVEN = {"web_search": {"sigma": 0}}  # a lone run has no mean, so its search has no luck either
_ROWS = {"embedding": 32, "vector": 64, "rerank": 1, "web": 1, "llm": 1, "inline": 1}
_NO_TIME = {op.name: BatchCosts(0.0, 0.0) for op in OPS.values() if op.kind == "inline"}
_CHARACTERS = 4


class _Watched(Journal):
    """Shows an observer all that is written."""

    def __init__(self, observer: Observer) -> None:
        super().__init__(1)
        self._observer = observer
        self.of_one_run = observer

    def write(self, now: float, event: Event, commands: Sequence[Command]) -> None:
        self._observer.watch(now, event, commands)
        self.of_one_run.watch(now, event, commands)
        super().write(now, event, commands)


@dataclass
class VirtualService:
    """One service whose engines live from run to run. `off` puts the observer's costs wrong."""

    off: Callable[[Costs], Costs] = lambda costs: costs
    llm: str = _MODELS["llm"]
    replicas: int = 1
    observer: Observer = field(init=False)
    ended_at: float = 0.0

    def __post_init__(self) -> None:
        kinds = ("inline", *_MODELS)
        made = self.made = [self._pool(kind) for kind in kinds]
        self.observer = Observer(made)
        self._put_off()
        self.pools = Pools(
            kinds={pool.name: pool.kind for pool in made},
            default={pool.kind: pool.name for pool in made},
            facts={pool.name: pool.facts for pool in made},
        )
        self.registry = Registry.from_folder(
            ROOT / "workflows/modules", frozenset(self.pools.kinds)
        )
        self.journal = _Watched(self.observer)
        self.store = MemoryRunStore(lambda: START)
        values = Values(Path("/nowhere"), 1 << 30, 1 << 28)
        self.workspace = Workspace(values, Memo(1 << 20), lambda: self.driver.now)
        performer = Performer(
            workspace=self.workspace,
            append=self.store.append,
            traits={pool.name: pool.traits for pool in made},
            clock=lambda: self.driver.now,
            after_run=self._ended,
            on_bug=_raised,
        )
        self.driver = VirtualDriver(
            scheduler=Scheduler({pool.name: pool.queue() for pool in made}, runs_max=1_000),
            performer=performer,
            engines={pool.name: pool.replicas for pool in made},  # type: ignore[misc]
            journal=self.journal,
            seed=1,
            watch=lambda scheduler: None,
        )

    def true_pools(self) -> Pools:
        """Return the pools with what their engines truly take."""
        facts = {
            name: replace(fact, costs=_NO_TIME if name == "inline" else self._true(str(name)))
            for name, fact in self.pools.facts.items()
        }
        return replace(self.pools, facts=facts)

    def plan(self, name: str, passes: frozenset[str] = DEFAULT) -> Plan:
        """Return the plan of an example."""
        page = (ROOT / f"workflows/examples/{name}.yaml").read_bytes()
        return make_plan(self.read(page), self.registry.modules, self.pools, passes=passes)

    def read(self, page: bytes) -> Document:
        """Return a workflow as a page of YAML says it."""
        return load(Source("page.yaml", page, "yaml"), self.registry.vocabulary())

    def run(self, plan: Plan, inputs: dict[str, Any], run: str) -> float:
        """Run `plan` alone, a second after whatever ran before; return the ms it took."""
        self.journal.of_one_run = Observer(self.made)
        started = self.driver.now + 1.0
        record = RunRecord(run, "local", "example", "1", inputs, START)
        asyncio.run(self.store.accept(record))
        self.workspace.open(RunId(run), "local", plan, inputs, START)
        self.driver.at(
            started, RunAccepted(RunId(run), "local", plan, deadline=started + _DEADLINE_S)
        )
        self.driver.run()
        ended = self.store.get("local", run)
        assert ended.status == "succeeded", ended.problem
        return (self.ended_at - started) * 1000

    def bound_ms(self, plan: Plan) -> float:
        """Return what the run before this moment could not have beaten, by all that is true."""
        sizes = self.journal.of_one_run.sizes("local", plan)
        true = Estimator(self.true_pools(), sizes)
        return bound_of(true, plan, plan.library).lower_ms

    def _ended(self, run: str) -> None:
        self.ended_at = self.driver.now  # the driver's clock goes on to the deadline of the run

    def _pool(self, kind: str) -> Pool:
        if kind == "inline":
            engines: list[Any] = [Inline(_split, lambda text: [])]
        else:
            engines = [Emulated(self._profile(kind)) for _ in range(self.replicas)]
        return Pool(PoolName(kind), kind, "throughput", engines, _ROWS[kind], 100_000)

    def _profile(self, kind: str) -> Any:
        profile = PROFILES[self.llm if kind == "llm" else _MODELS[kind]]
        return with_numbers(profile, _EVEN) if kind == "web" else profile

    def _true(self, kind: str) -> dict[str, Costs]:
        return true_costs(self._profile(kind))

    def _put_off(self) -> None:
        """Let the observer start from what is true, put off."""
        for (name, op), known in self.observer._refining.items():
            if name != "inline":
                true = self._true(str(name))[op]
                self.observer._refining[name, op] = Refining(self.off(true), known.source)


def true_costs(profile: Any) -> dict[str, Costs]:
    """Return what an emulated engine takes, by operation."""
    if isinstance(profile, LanguageProfile):
        names = (each for each in LanguageCosts.__slots__)
        figures = (getattr(profile, f"{name.removesuffix('_ms')}_s") * 1000 for name in names)
        return {"decode": LanguageCosts(*figures)}
    return {
        op: BatchCosts(cost.fixed_s * 1000, cost.row_s * 1000) for op, cost in profile.costs.items()
    }


def asked(name: str, random: Random) -> dict[str, Any]:
    """Return inputs for an example: texts of the same length, and questions, that no run shares."""
    question = " ".join(_words(random, random.randint(5, 20)))
    document = " ".join(_words(random, 900))
    match name:
        case "naive_rag":
            return {"documents": [document, document[::-1]], "question": question}
        case "advanced_rag":
            return {"documents": [document * 3], "question": question, "variants": 3}
        case "contextual_retrieval":
            return {"document": document, "question": question}
        case "map_reduce_summary":
            return {"document": document * 8, "focus": question}
        case "chat_with_memory":
            return {"collection": "kept", "message": question, "history": []}
    return {"question": question}


def _words(random: Random, count: int) -> list[str]:
    return ["".join(random.choices("abcdefghij", k=random.randint(3, 9))) for _ in range(count)]


def _split(text: Any, size: int, overlap: int, tokenize: Any) -> list[dict[str, Any]]:
    """Cut at every `size` tokens of four characters."""
    whole = "".join(text) if isinstance(text, list) else str(text)
    width, step = size * _CHARACTERS, (size - overlap) * _CHARACTERS
    starts = range(0, max(1, len(whole) - overlap * _CHARACTERS), step)
    return [{"id": f"d{at}", "text": whole[at : at + width], "meta": {}} for at in starts]


def _raised(error: Exception) -> None:
    raise error
