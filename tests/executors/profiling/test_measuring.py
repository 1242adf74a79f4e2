"""Emulated engines are profiled, and the figures they were given come back; faults are told."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from executors.engines import emulated
from executors.engines.emulated import Emulated
from executors.engines.emulation.profiles import PROFILES, Profile, sped_up
from executors.engines.engine import Batch, Emission, EngineFailed, Fault
from executors.profiling.measuring import (
    BATCH_ROUNDS,
    LANGUAGE_ROUNDS,
    PREFILLS,
    TooShort,
    Wanted,
    profile,
)
from executors.profiling.profile import Profile as Found
from planner.costs import BatchCosts, LanguageCosts
from tests.executors.profiling.virtual_time import VirtualLoop, run_virtually

WANTED = Wanted(within_s=600.0, longest=2048, row_tokens=128)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> VirtualLoop:
    made = VirtualLoop()

    class Clock:
        monotonic = staticmethod(made.time)

    monkeypatch.setattr(emulated, "time", Clock)
    return made


def measured(loop: VirtualLoop, given: Profile, wanted: Wanted = WANTED, steps=None) -> Found:
    async def work() -> Found:
        engine = Emulated(given)
        await engine.start()
        try:
            moved = steps.append if steps is not None else lambda _: None
            return await profile(engine, wanted, "seed", loop.time, lambda *how_far: moved(how_far))
        finally:
            await engine.stop()

    return run_virtually(loop, work())


@pytest.mark.parametrize("name", ["llama-3.1-8b-4090", "opt-13b-a100", "llama-2-7b-3090"])
def test_the_figures_of_a_language_model_come_back(loop, name):
    given = PROFILES[name]
    longest = 1024 if name == "opt-13b-a100" else 2048  # its context has no room for a reply
    found = measured(loop, given, replace(WANTED, longest=longest))
    assert isinstance(found.costs, LanguageCosts)
    names = found.costs.__slots__
    told = {each: getattr(found.costs, each) for each in names}
    assert told == pytest.approx(
        {each: 1000 * getattr(given, f"{each.removesuffix('_ms')}_s") for each in names}, rel=0.05
    )
    assert max(found.errors.values()) < 0.01
    assert found.repetitions == (LANGUAGE_ROUNDS, PREFILLS * LANGUAGE_ROUNDS)
    assert found.left_out == ()
    assert found.is_counted


@pytest.mark.parametrize("name", ["bge-large-3090", "bge-large-paper", "bge-reranker-large-3090"])
def test_the_figures_of_an_engine_of_batches_come_back(loop, name):
    (given,) = PROFILES[name].costs.values()
    found = measured(loop, PROFILES[name])
    assert isinstance(found.costs, BatchCosts)
    told = (found.costs.fixed_ms, found.costs.row_ms)
    assert told == pytest.approx((1000 * given.fixed_s, 1000 * given.row_s), rel=0.01)
    assert found.costs.row_tokens == 128
    assert not found.is_counted


def test_on_a_real_clock_they_come_back_as_well():
    async def work() -> Found:
        engine = Emulated(sped_up(PROFILES["bge-large-paper"], 20))
        await engine.start()
        try:
            clock = asyncio.get_running_loop().time
            return await profile(engine, replace(WANTED, within_s=2.0), "x", clock, lambda *_: None)
        finally:
            await engine.stop()

    found = asyncio.run(work())
    assert found.costs.batch_ms(64) == pytest.approx((50 + 25 * 64) / 20, rel=0.15)


def test_what_does_not_fit_into_the_context_is_left_out(loop):
    given = replace(PROFILES["llama-3.1-8b-4090"], context_tokens=1100)
    found = measured(loop, given)
    assert {trial.tokens for trial in found.left_out} == {1536, 2048}
    assert found.costs.prefill_fixed_ms == pytest.approx(8.33, rel=0.1)


def test_more_sequences_than_a_server_takes_are_left_out(loop):
    """It says that it takes 64 and lets the others wait."""
    given = replace(PROFILES["llama-3.1-8b-4090"], sequences=4)
    engine = Emulated(given)
    engine.traits = replace(engine.traits, slots=64)

    async def work() -> Found:
        await engine.start()
        try:
            return await profile(engine, WANTED, "seed", loop.time, lambda *_: None)
        finally:
            await engine.stop()

    found = run_virtually(loop, work())
    assert {trial.count for trial in found.left_out} == {6, 8, 12, 16, 24, 32}
    assert found.costs.decode_fixed_ms == pytest.approx(17.44, rel=0.05)


def test_with_little_time_it_is_measured_less_often(loop):
    steps: list[tuple[int, int]] = []
    found = measured(loop, PROFILES["bge-large-3090"], replace(WANTED, within_s=2.0), steps)
    least, most = found.repetitions
    assert 1 <= least <= most < BATCH_ROUNDS
    planned = steps[-1][1]
    assert [done for done, _ in steps] == list(range(1, len(steps) + 1))
    assert len(steps) < planned


def test_too_little_time_is_told_with_how_far_it_came(loop):
    with pytest.raises(TooShort) as caught:
        measured(loop, PROFILES["llama-3.1-8b-4090"], replace(WANTED, within_s=3.0))
    assert 0 < caught.value.done < caught.value.planned


class Faulty(Emulated):
    """Answers as many calls as it is told, then no more."""

    def __init__(self, good: int) -> None:
        super().__init__(PROFILES["llama-3.1-8b-4090"])
        self.good = good

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        self.good -= 1
        if self.good < 0:
            yield Fault(batch.requests[0].id, "engine-unauthorised", "the key is wrong")
            return
        async for emission in super().run(batch):
            yield emission


@pytest.mark.parametrize("good", [0, 3, 20])
def test_a_fault_ends_it_wherever_it_comes(loop, good):
    async def work() -> None:
        engine = Faulty(good)
        await engine.start()
        try:
            await profile(engine, WANTED, "seed", loop.time, lambda *_: None)
        finally:
            await engine.stop()

    with pytest.raises(EngineFailed, match="the key is wrong") as caught:
        run_virtually(loop, work())
    assert caught.value.code == "engine-unauthorised"
