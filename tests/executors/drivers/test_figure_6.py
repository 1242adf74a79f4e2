"""The paper's Figure 6 (arXiv 2407.00326): advanced RAG, three expansions, refine over three.

What began when, and after what, on engines that take the time of real ones: each query is embedded
and searched as it closes, the prompt of the first answer is read at the beginning, and those that
refine it before the drafts are there. The golden file has a line for each piece of work: what it
had waited for last, and the piece. `TEOLA_GOLDEN=write` writes it anew.
"""

from pathlib import Path

import pytest

from api.shipped import workflows_folder
from executors.engines.emulated import Emulated
from executors.engines.emulation.profiles import PROFILES
from executors.explained import explain
from planner.expand import make_plan
from planner.passes.names import DEFAULT, NONE
from planner.pools import PoolFacts, Pools
from planner.sizes import Sizes
from spec.load import load
from spec.source import Source
from tests.executors.conftest import KINDS, World
from tests.golden import assert_golden

GOLDEN = Path(__file__).parent / "golden/figure_6.txt"
MODELS = {
    "embedding": "bge-large-paper", "vector": "pgvector", "rerank": "bge-reranker-large-3090",
    "llm": "llama-2-7b-3090",
}  # fmt: skip
ROWS_MAX = 16
#: Long enough that reading it ahead saves more than a request costs.
INSTRUCTION = " ".join(["Answer from the passage alone, and say so where it does not help."] * 20)
TEXT = " ".join(f"word{number}" for number in range(6_000))
INPUTS = {
    "documents": [
        {"id": "f", "name": "f.txt", "media_type": "text/plain", "size": 9, "text": TEXT}
    ],
    "question": "What is said of the mill, and by whom was it said before the war?",
}


class Emulation(World):
    """Every engine but the one that cuts texts takes the time of a real one."""

    def _engine(self, name):
        return Emulated(PROFILES[MODELS[name]]) if name in MODELS else super()._engine(name)


@pytest.fixture
def ran(tmp_path, registry):
    def run(passes):
        here = Emulation(1, tmp_path / f"{len(passes)}", {}, "throughput", 1, ROWS_MAX, 10, 1000)
        fact = PoolFacts(True, streams=True, warms=True, rows_max=ROWS_MAX, block_tokens=16)
        default = {kind: name for name, kind in KINDS.items()}
        pools = Pools(KINDS, default, dict.fromkeys(KINDS, fact))
        page = (workflows_folder() / "examples/advanced_rag.yaml").read_text()
        page = page.replace("      Question: ", f"      {INSTRUCTION}\n      Question: ")
        document = load(Source("w.yaml", page.encode(), "yaml"), registry.vocabulary())
        inputs = {**INPUTS, "variants": 3}
        here.submit(make_plan(document, registry.modules, pools, passes=passes), inputs)
        here.run()
        assert here.record().status == "succeeded", here.record().problem
        return here

    return run


def test_an_item_of_a_list_is_waited_for_as_it_is_said(ran):
    here = ran(DEFAULT)
    events = here.store.events("local", "r1", limit=10_000)
    found = explain(here.record(), events, {}, None, Sizes())
    said = {each.primitive: each for each in found.work}
    assert said["hits[0].query"].after == "expand.prefill"
    assert said["expand.prefill"].done_ms < said["hits[0].query"].ready_ms
    assert said["hits[0].query"].ready_ms < said["expand.decode"].done_ms
    assert found.causes["scheduler"] == pytest.approx(0.0, abs=0.01)


def told(here):
    events = here.store.events("local", "r1", limit=10_000)
    return [event.data for event in events if event.kind == "primitive.finished"]


def ready_ms(data):
    took = data["queue_ms"] + data["batch_ms"] + data["execution_ms"]
    return round(data["done_ms"] - took, 3)


def test_what_begins_after_what_is_as_drawn(ran):
    lines = [
        f"{each['after'] or 'the beginning':34} {each['primitive']}"
        for each in sorted(told(ran(DEFAULT)), key=lambda each: (ready_ms(each), each["done_ms"]))
    ]
    assert_golden(GOLDEN, "\n".join(lines) + "\n")


def test_outputs_are_those_of_the_plain_run_and_come_sooner(ran):
    plain, all_passes = ran(NONE).record(), ran(DEFAULT).record()
    assert all_passes.outputs == plain.outputs
    assert all_passes.duration_ms < plain.duration_ms
