"""Emulated engines under the scheduler: in virtual time, and the same on a real clock."""

from pathlib import Path

import pytest

from executors.engines.emulated import Emulated
from executors.engines.emulation.calls import Lengths
from executors.engines.emulation.profiles import PROFILES, sped_up
from tests.executors.conftest import World
from tests.executors.drivers.live import INPUTS, Live, play

ROOT = Path(__file__).parents[3]
MODELS = {
    "llm": "llama-3.1-8b-4090",
    "embedding": "bge-large-3090",
    "vector": "pgvector",
    "rerank": "bge-reranker-large-3090",
    "web": "search-api",
}


def emulated(speed: float = 1.0) -> dict[str, Emulated]:
    lengths = Lengths(median=12, sigma=0.5)
    profiles = {kind: sped_up(PROFILES[model], speed) for kind, model in MODELS.items()}
    return {kind: Emulated(profile, lengths) for kind, profile in profiles.items()}


@pytest.fixture
def virtual(tmp_path):
    """Return a world in virtual time whose engines are emulated."""

    class Emulation(World):
        def _engine(self, name):
            return emulated()[name] if name in MODELS else super()._engine(name)

    def build(seed: int = 1) -> World:
        return Emulation(seed, tmp_path / "values", {}, "throughput", 1, 8, 1000, 1000)

    return build


def ran(world: World, plan, runs: int, inputs) -> list[dict]:
    for number in range(runs):
        asked = {**inputs, "question": f"What of {number}?"}
        world.submit(plan, asked, run=f"r{number}", at=0.05 * number)
    world.run()
    records = [world.record(f"r{number}") for number in range(runs)]
    assert {record.status for record in records} == {"succeeded"}
    return records


@pytest.fixture(scope="module")
def advanced_rag(plan_of):
    return plan_of((ROOT / "workflows/examples/advanced_rag.yaml").read_text())


RAG = {**INPUTS, "variants": 3}


def test_many_runs_share_one_replica_of_each(virtual, advanced_rag):
    records = ran(virtual(), advanced_rag, 12, RAG)
    assert len({str(record.outputs["answer"]) for record in records}) == 12
    assert all(record.usage.tokens_in > record.usage.tokens_out > 0 for record in records)


def test_who_asks_the_same_again_finds_its_beginnings_read(virtual, advanced_rag):
    here = virtual()
    for number in range(2):
        here.submit(advanced_rag, {**RAG, "question": "long " * 40}, f"r{number}", at=60.0 * number)
    here.run()
    first, second = (here.record(f"r{number}") for number in range(2))
    assert first.outputs["answer"] == second.outputs["answer"]
    assert first.usage.tokens_in == second.usage.tokens_in
    assert second.usage.tokens_cached > first.usage.tokens_cached


def test_equal_seeds_give_equal_journals(virtual, advanced_rag):
    first, second = virtual(7), virtual(7)
    ran(first, advanced_rag, 5, RAG)
    ran(second, advanced_rag, 5, RAG)
    assert str(first.journal) == str(second.journal)


def test_a_cancelled_run_leaves_its_replica_to_the_others(virtual, advanced_rag):
    here = virtual()
    here.cancel("r1", at=0.3)
    for number in range(4):
        here.submit(advanced_rag, RAG, run=f"r{number}")
    here.run()
    assert [here.record(f"r{n}").status for n in range(4)] == [
        "succeeded", "cancelled", "succeeded", "succeeded",
    ]  # fmt: skip
    assert not any(pool.busy or pool.waiting for pool in here.scheduler.pools.values())


def test_a_real_clock_gives_the_same_outputs(virtual, advanced_rag, tmp_path):
    (there,) = ran(virtual(), advanced_rag, 1, {**RAG, "question": "What of 0?"})

    async def scenario():
        here = Live(tmp_path / "live", emulated(speed=20), split=World.split, deadline_s=60.0)
        run = await here.submit(advanced_rag, {**RAG, "question": "What of 0?"})
        record = await here.finish(run)
        assert record.status == "succeeded", record.problem
        assert record.outputs == there.outputs
        assert record.usage == there.usage
        await here.runner.stop()
        assert here.bugs == []

    play(scenario)


def test_a_live_run_that_is_cancelled_frees_its_replica(advanced_rag, tmp_path):
    async def scenario():
        engines = emulated(speed=1)
        here = Live(tmp_path / "live", engines, split=World.split, deadline_s=60.0)
        run = await here.submit(advanced_rag, RAG)
        await here.until(run, "step.finished")
        here.runner.cancel("local", run)
        assert (await here.finish(run)).status == "cancelled"
        assert all(state.batches == 0 for state in here.runner.pools())
        await here.runner.stop()

    play(scenario)
