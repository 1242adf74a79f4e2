"""What planning costs: a workflow of a hundred primitives, one kept, and a very large one.

Run by `make bench-planning`. Exits with 1 if a bound is broken. Times are processor time, the best
of many, so that a busy machine says the same as an idle one. Cold is all that stands between a
checked document and its plan; kept is what a run of a workflow asks that has been planned before.
As with `timeit`, no garbage is collected meanwhile: what that adds to a very large plan is printed.
Memory is what one more primitive adds to a plan and to the document it keeps hold of.
"""

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

from figures import Figure, show

from api.library import Library
from api.logs import log_bug
from api.plans import Plans
from executors.store.workflows import Workflows
from planner.expand import make_plan
from planner.graph import PoolName
from planner.library import PlanLimits
from planner.passes.choice import Choice
from planner.passes.names import NAMES
from planner.plan import Plan
from planner.pools import PoolFacts, Pools
from planner.registry import Registry
from spec.load import load
from spec.model import Document
from spec.source import Source

MODULES = Path(__file__).resolve().parents[1] / "workflows/modules"
KINDS = ("inline", "embedding", "vector", "llm", "rerank", "web", "http", "tool")
FACTS = PoolFacts(
    deterministic=True, streams=True, warms=True, pointwise=True, replicas=2, rows_max=32
)
POOLS = Pools(
    kinds={PoolName(kind): kind for kind in KINDS},
    default={kind: PoolName(kind) for kind in KINDS},
    facts={PoolName(kind): FACTS for kind in KINDS},
)
EVERY = frozenset(NAMES)
UNBOUNDED = PlanLimits(primitives_max=10**9, reads_max=10**9)
TIMES, TIMES_LARGE = 200, 2
SMALL, LARGE = 1_000, 100_000

#: Ten primitives that lean on what was before, as those of a RAG do.
PART = """
module: part
inputs: {text: string, question: string}
steps:
  chunks: {use: chunk, text: $inputs.text, size: 64}
  index: {use: index, chunks: $chunks.items}
  asked: {use: llm.list, items: 3, prompt: "Queries for {{ inputs.question }}"}
  hits: {use: search, index: $index, query: $inputs.question, top_k: 4}
  best: {use: rerank, query: $inputs.question, docs: $hits.docs, top_k: 2}
  said: {use: llm, prompt: "Answer {{ inputs.question }} from {{ best.docs | numbered }}"}
outputs: {text: $said.text, items: $asked.items}
"""


def main() -> None:
    """Measure everything and print it."""
    registry = Registry.from_folder(MODULES, frozenset(POOLS.kinds))
    for page in (PART, _chain("module: ten_parts", "part", 100)):
        registry = registry.with_module(Source("part.yaml", page.encode(), "yaml"))
    sys.exit(not show([*hundred(registry), *growth(registry)]))


def hundred(registry: Registry) -> Iterator[Figure]:
    """Plan a hundred primitives: from the beginning, and by what was kept."""
    source = _page(100)
    document = load(source, registry.vocabulary())
    cold_s = _best(lambda: make_plan(document, registry.modules, POOLS, passes=EVERY), TIMES)
    yield Figure("100 primitives planned with all passes, cold", cold_s * 1000, 5, "ms")
    library = Library(registry, POOLS, Workflows(), log_bug, Plans(10, 1 << 30), Choice(on=EVERY))
    library.plan("local", document, source)
    kept_s = _best(lambda: library.plan("local", document, source), TIMES)
    yield Figure("the same, kept", kept_s * 1000, 0.2, "ms")


def growth(registry: Registry) -> Iterator[Figure]:
    """Plan a thousand primitives and a hundred thousand."""
    small = load(_page(SMALL), registry.vocabulary())
    large = load(_page(LARGE), registry.vocabulary())

    def plan(document: Document) -> Plan:
        return make_plan(document, registry.modules, POOLS, passes=EVERY, limits=UNBOUNDED)

    few_s = _best(lambda: plan(small), TIMES // 10) / _count(plan(small))
    many_s = _best(lambda: plan(large), TIMES_LARGE) / _count(plan(large))
    collected_s = _seconds(lambda: plan(large)) / _count(plan(large))
    for count, each_s in ((SMALL, few_s), (LARGE, many_s)):
        print(f"a primitive of {count:,}: {each_s * 1e6:.0f} us")
    print(f"with garbage collected meanwhile: {collected_s * 1e6:.0f} us")
    yield Figure(f"a primitive of {LARGE:,} beside one of {SMALL:,}", many_s / few_s, 2, "times")
    tracemalloc.start()
    kept = plan(large)
    held = tracemalloc.get_traced_memory()[0] / _count(kept)
    tracemalloc.stop()
    yield Figure("memory of a primitive", held / 1024, 4, "KiB")


def _page(count: int) -> Source:
    """Write a workflow of `count` primitives, in hundreds."""
    text = _chain("workflow: many", "ten_parts" if count > 100 else "part", count)
    return Source("many.yaml", text.encode(), "yaml")


def _chain(head: str, module: str, count: int) -> str:
    """Write a document of `count` primitives; of ten steps that use `module` nine read another."""
    steps = count // (100 if module == "ten_parts" else 10)
    lines = [head, "inputs: {text: string, question: string}", "steps:"]
    for number in range(steps):
        asked = f"$p{number - 1}.text" if number % 10 else "$inputs.question"
        lines.append(f"  p{number}: {{use: {module}, text: $inputs.text, question: {asked}}}")
    lines.append(f"outputs: {{text: $p{steps - 1}.text}}\n")
    return "\n".join(lines)


def _count(plan: Plan) -> int:
    return len(plan.graph.primitives)


def _best(work: Callable[[], object], times: int) -> float:
    """Return the least processor time that `work` took, in seconds, garbage left where it is."""
    gc.disable()
    try:
        return min(_seconds(work) for _ in range(times))
    finally:
        gc.enable()


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
