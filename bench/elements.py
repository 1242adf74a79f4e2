"""One `for_each` in a process of its own: what an element costs in time and in memory.

Run by `bench/constructs.py` as `python elements.py COUNT`; prints one JSON object. The body is one
`llm` call on a scripted engine that answers at once; the loop and the collector are set as the
service sets them. `engine_s` is what the same calls cost when a plain loop puts them to the same
engine, a batch after the other.
"""

import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import uvloop

from api.metrics import Metrics
from api.plans import Plans
from api.serve import rest_the_collector
from api.settings import Settings
from executors.documents import split
from executors.engines.engine import Batch, Request
from executors.engines.inline import Inline
from executors.engines.scripted import Scripted
from executors.memo import Memo
from executors.pools import Pool
from executors.runner import Runner, RunnerLimits, Submission
from executors.scheduler.events import BatchId
from executors.store.memory import MemoryRunStore
from executors.values import Values, weigh
from planner.expand import make_plan
from planner.graph import PoolName
from planner.plan import Plan
from planner.pools import Pools
from planner.registry import Registry
from spec import Source, load

ROOT = Path(__file__).resolve().parents[1]
PAGE = """
workflow: elements
inputs: {words: "string[]"}
steps:
  each: {for_each: $inputs.words, use: llm, prompt: "About {{ item }}"}
outputs: {texts: $each.text}
"""
BATCH_ROWS = 8


def main(elements: int) -> None:
    """Run `elements` of them, and say what they cost."""
    words = [f"word {number}" for number in range(elements)]
    rest_the_collector()  # as the service does
    print(json.dumps(uvloop.run(measured(words))))


async def measured(words: Sequence[str]) -> Mapping[str, float]:
    """Return seconds of processor time and bytes of memory of a run over `words`."""
    store = MemoryRunStore(lambda: datetime.now(UTC))
    with tempfile.TemporaryDirectory() as folder:
        runner = _runner(store, Path(folder))
        plan = _plan()
        began = time.process_time()
        run = await runner.submit(Submission("local", "elements", "1", plan, {"words": words}))
        while (record := store.get("local", run)).live:
            await store.changed("local", run, record.last_event)
        run_s = time.process_time() - began
        await runner.stop()
    if record.status != "succeeded" or len(record.outputs["texts"]) != len(words):
        raise SystemExit(f"the run has {record.status}: {record.problem}")
    peak = _peak_bytes()
    began = time.process_time()
    await _answered(Scripted("llm"), words)
    return {
        "run_s": run_s,
        "engine_s": time.process_time() - began,
        "peak_bytes": peak,
        "value_bytes": weigh(words) + weigh(record.outputs["texts"]),
    }


async def _answered(engine: Scripted, words: Sequence[str]) -> None:
    """Put the same calls to the engine with nothing in between."""
    for first in range(0, len(words), BATCH_ROWS):
        requests = tuple(
            Request(at, "decode", {"prompt": f"About {word}", "form": "text"}, "run", "local")
            for at, word in enumerate(words[first : first + BATCH_ROWS])
        )
        async for _ in engine.run(Batch(BatchId(first), requests)):
            pass


def _plan() -> Plan:
    kinds = {PoolName(kind): kind for kind in ("inline", "llm", "embedding", "vector")}
    registry = Registry.from_folder(ROOT / "workflows/modules", frozenset(kinds))
    document = load(Source("elements.yaml", PAGE.encode(), "yaml"), registry.vocabulary())
    default = {kind: name for name, kind in kinds.items()}
    return make_plan(document, registry.modules, Pools(kinds, default))


def _runner(store: MemoryRunStore, folder: Path) -> Runner:
    inline = Inline(split, _words)
    pools = (
        Pool(PoolName("inline"), "inline", "fifo", (inline,), 1, 20_000),
        Pool(PoolName("llm"), "llm", "throughput", (Scripted("llm"),), BATCH_ROWS, 20_000),
    )
    limits = RunnerLimits(
        runs_max=10,
        deadline_s=600.0,
        journal_entries_max=Settings().journal_entries_max,
        retry_after_s=1,
    )
    ids = (f"run{number}" for number in count(1))
    memo = Memo(1 << 20)
    runner = Runner(
        pools,
        store,
        Values(folder, 256 << 20, 16 << 20),
        memo,
        limits,
        new_id=lambda: next(ids),
        wall_clock=lambda: datetime.now(UTC),
        after_run=lambda _run: None,
        on_bug=_raise,
        watch=Metrics(pools, lambda: runner.pools(), memo, Plans(1, 1)).watch,
    )
    return runner


def _words(text: str) -> list[int]:
    return list(range(len(text.split())))


def _raise(error: Exception) -> None:
    raise error


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    main(int(sys.argv[1]))
