"""Runs that come while pools are full are planned without work that passes would add to them."""

from dataclasses import replace

import pytest

from executors.engines.emulated import Emulated
from executors.engines.emulation.calls import Lengths
from executors.engines.emulation.profiles import PROFILES
from executors.journal import Journal
from executors.observing import Observer
from executors.scheduler.events import Woke
from planner.expand import make_plan
from planner.pools import Pools
from spec.load import load
from spec.source import Source
from tests.executors.conftest import KINDS, World

LONG = "Answer from the passages alone, and say so where they do not hold the answer. " * 10
PAGE = f"""
workflow: w
inputs: {{text: string, question: string}}
steps:
  chunks: {{use: chunk, text: $inputs.text, size: 1}}
  index: {{use: index, chunks: $chunks.items}}
  hits: {{use: search, index: $index, query: $inputs.question}}
  found: {{use: web_search, query: $inputs.question}}
  said: {{use: llm, prompt: "{LONG}{{{{ found.docs | numbered }}}}{{{{ hits.docs | numbered }}}}"}}
outputs: {{text: $said.text}}
"""
BUSY = """
workflow: busy
inputs: {text: string, question: string}
steps:
  chunks: {use: chunk, text: $inputs.text, size: 1}
  index: {use: index, chunks: $chunks.items}
  hits: {use: search, index: $index, query: $inputs.question}
  said: {use: llm, prompt: "Say much of {{ inputs.question }}"}
outputs: {text: $said.text, docs: $hits.docs}
"""
MODELS = {
    "llm": replace(PROFILES["llama-3.1-8b-4090"], sequences=4),
    "embedding": PROFILES["bge-large-paper"],  # 50 ms and 25 ms a row
    "vector": PROFILES["pgvector"],
    "web": PROFILES["search-api"],
}
#: Runs that keep both pools full, one each second: their texts take 1.4 s to embed, their replies
#: 5 s of one of four slots.
FLOOD, WORDS, TOKENS = 40, 48, 300
FULL_AT, IDLE_AT = 35.5, 1_000.5


class _Watched(Journal):
    """Shows an observer all that is written, and calls back at moments that were asked for."""

    def __init__(self, observer):
        super().__init__(1_000_000)
        self.observer = observer
        self.due = {}

    def write(self, now, event, commands):
        super().write(now, event, commands)
        self.observer.watch(now, event, commands)
        if isinstance(event, Woke) and now in self.due:
            self.due.pop(now)()


class Loaded(World):
    """Emulated engines, and runs that are planned when they come, as a service plans them."""

    def __post_init__(self):
        super().__post_init__()
        pools = [self._pool(name) for name in KINDS]
        self.observer = Observer(pools)
        self.driver._journal = self.journal = _Watched(self.observer)
        default = {kind: name for name, kind in KINDS.items()}
        self.pools = Pools(KINDS, default, {pool.name: pool.facts for pool in pools})
        self.plans = {}

    def come(self, at, run, registry, page, inputs):
        def planned():
            document = load(Source("w.yaml", page.encode(), "yaml"), registry.vocabulary())
            saturated = self.observer.utilisation.saturated(self.driver.now)
            here = replace(self.observer.known(self.pools), saturated=saturated)
            self.plans[run] = make_plan(document, registry.modules, here)
            self.submit(self.plans[run], inputs, run, at)

        self.journal.due[at] = planned
        self.driver.at(at, Woke())

    def _engine(self, name):
        lengths = Lengths(median=TOKENS, sigma=0.0)
        return Emulated(MODELS[name], lengths) if name in MODELS else super()._engine(name)


@pytest.fixture(scope="module")
def world(registry, tmp_path_factory):
    folder = tmp_path_factory.mktemp("values")
    here = Loaded(1, folder, {}, "throughput", 1, 16, 1_000, 10_000)
    for number in range(FLOOD):
        text = " ".join(f"w{number}-{at}" for at in range(WORDS))
        here.come(
            float(number), f"f{number}", registry, BUSY, {"text": text, "question": f"{number}"}
        )
    text = " ".join(f"x{at}" for at in range(WORDS))
    for at, run in ((FULL_AT, "full"), (IDLE_AT, "idle")):
        here.come(at, run, registry, PAGE, {"text": text, "question": run})
    here.run()
    return here


def hints(world, run):
    told = world.store.events("local", run, limit=10_000)
    ends = [each.data for each in told if each.kind == "primitive.finished"]
    return [data for data in ends if data["op"] == "partial_prefill"]


def stages(plan):
    return [each for each in plan.structures.values() if each.kind == "stages"]


def test_a_run_that_comes_when_pools_are_full_has_no_hints_and_no_pieces(world):
    plan = world.plans["full"]
    assert plan.library.pools.saturated >= {"llm", "embedding"}
    assert [each.id for each in plan.graph if each.warms is not None] == []
    assert stages(plan) == []
    assert world.record("full").status == "succeeded"
    assert hints(world, "full") == []


def test_one_that_comes_when_they_are_idle_again_has_both(world):
    plan = world.plans["idle"]
    assert plan.library.pools.saturated == frozenset()
    assert {each.warms for each in plan.graph} == {None, "said.prefill"}
    assert len(stages(plan)) == 1
    assert world.record("idle").status == "succeeded"
    assert hints(world, "idle")


def test_pools_that_stay_full_change_plans_once(world):
    plans = [world.plans[f"f{number}"].library.pools.saturated for number in range(FLOOD)]
    for pool in ("llm", "embedding"):
        full = [pool in saturated for saturated in plans]
        assert full == sorted(full)
        assert not full[0]
        assert full[-1]
