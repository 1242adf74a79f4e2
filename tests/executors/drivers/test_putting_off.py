"""Attempts that an engine puts off, in virtual time: when they are made, and when no more."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from executors.engines.engine import Batch, Emission, Fault
from executors.engines.scripted import Behaviour, Scripted
from executors.pools import Pool
from planner.graph import PoolName
from planner.plan import Plan
from tests.executors.conftest import World

PlanOf = Callable[[str], Plan]


class Busy(Scripted):
    """A model that takes a second, and asks to be left alone for twenty at the first attempt."""

    def script(self, batch: Batch, random: Random) -> Iterator[tuple[float, Emission]]:
        (request,) = batch.requests
        if request.attempt == 0:
            yield 1.0, Fault(request.id, "engine-busy", "later", transient=True, wait_s=20.0)
        else:
            yield from super().script(batch, random)


class BusyWorld(World):
    def _pool(self, name: PoolName) -> Pool:
        pool = super()._pool(name)
        if name != "llm":
            return pool
        return replace(pool, replicas=(Busy(name, lambda _: Behaviour(latency_s=1.0)),))


@pytest.fixture
def here(tmp_path: Path) -> BusyWorld:
    return BusyWorld(1, tmp_path / "values", {}, "throughput", 1, 8, 1000, 1000)


def page(more: str, steps: str = "") -> str:
    step = f"  s: {{use: llm, prompt: Hello, {more}}}\n{steps}"
    return f"workflow: w\nsteps:\n{step}outputs: {{x: $s.text}}\n"


def took_s(here: World) -> float:
    ended = here.store.events("local", "r1", limit=1000)[-1]
    return float(ended.data["duration_ms"]) / 1000


def test_the_next_attempt_waits_as_long_as_the_engine_asks(here: BusyWorld, plan_of: PlanOf):
    here.submit(plan_of(page("retry: 1")), {})
    here.run()
    assert here.record().status == "succeeded"
    assert took_s(here) == pytest.approx(1 + 20 + 1)


def test_nothing_else_waits_meanwhile(here: BusyWorld, plan_of: PlanOf):
    here.submit(plan_of(page("retry: 1", "  t: {use: llm, prompt: Too, retry: 1}\n")), {})
    here.run()
    assert took_s(here) == pytest.approx(1 + 1 + 20 + 1)  # one slot: the two come one by one


def test_without_retry_the_step_fails_at_once(here: BusyWorld, plan_of: PlanOf):
    here.submit(plan_of(page("priority: 1")), {})
    here.run()
    assert here.record().problem["code"] == "engine-busy"
    assert took_s(here) == pytest.approx(1)


@pytest.mark.parametrize("more", ["retry: 1, timeout: 5s", "retry: 1, timeout: 21s"])
def test_the_time_of_a_step_goes_on_while_it_waits(here: BusyWorld, plan_of: PlanOf, more: str):
    here.submit(plan_of(page(more)), {})
    here.run()
    assert here.record().problem["code"] == "timed-out"
    assert here.record().problem["step"] == "s"


def test_a_run_that_is_cancelled_while_it_waits_asks_for_nothing_more(
    here: BusyWorld, plan_of: PlanOf
):
    here.submit(plan_of(page("retry: 1")), {})
    here.cancel("r1", at=7.0)
    here.run()
    assert here.record().status == "cancelled"
    assert took_s(here) == pytest.approx(7)
    assert here.kinds().count("run.finished") == 1


def test_a_step_that_is_late_in_a_queue_ends_its_run_and_no_other(here: BusyWorld, plan_of: PlanOf):
    here.submit(plan_of(page("retry: 1, timeout: 2s")), {})
    here.submit(plan_of(page("retry: 1")), {}, run="r2", at=0.5)
    here.run()
    assert here.record().status == "failed"
    assert here.record("r2").status == "succeeded"
