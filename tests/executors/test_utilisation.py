"""How busy pools are, smoothed over time, and when they count as saturated."""

from math import exp, log
from random import Random

import pytest

from executors.scheduler.commands import Dispatch
from executors.scheduler.events import BatchEnded, BatchId, Woke
from executors.utilisation import MEMORY_S, Utilisation
from planner.graph import PoolName
from planner.load import RELIEVED_MAX, SATURATED_MIN

LLM, WEB = PoolName("llm"), PoolName("web")
FULL_AT = -MEMORY_S * log(1 - SATURATED_MIN)  # of a pool that became full at once
IDLE_AFTER = -MEMORY_S * log(RELIEVED_MAX)  # of one that was full for ever


class Pools:
    """An LLM pool of four slots and a web pool of one, filled and emptied by hand."""

    def __init__(self):
        self.seen = Utilisation({LLM: 4, WEB: 1})
        self.inside = {LLM: [], WEB: []}
        self.last = 0

    def fill(self, now, pool=LLM, slots=1):
        for _ in range(slots):
            self.last = BatchId(self.last + 1)
            self.inside[pool].append(self.last)
            self.seen.watch(now, Woke(), [Dispatch(self.last, pool, 0, ())])

    def empty(self, now, pool=LLM, slots=1):
        for _ in range(slots):
            self.seen.watch(now, BatchEnded(self.inside[pool].pop()), [])


@pytest.fixture
def pools():
    return Pools()


def test_a_pool_that_was_never_used_is_idle_whenever_it_is_asked(pools):
    for now in (0.0, 1.0, 1e9):
        assert pools.seen.share(LLM, now) == 0.0
        assert pools.seen.saturated(now) == frozenset()


def test_the_share_goes_to_what_is_in_use_as_time_goes_by(pools):
    pools.fill(100.0, slots=2)
    assert pools.seen.share(LLM, 100.0) == 0.0
    assert pools.seen.share(LLM, 100.0 + MEMORY_S) == pytest.approx(0.5 * (1 - exp(-1)))
    assert pools.seen.share(LLM, 1000.0) == pytest.approx(0.5)
    assert pools.seen.share(WEB, 1000.0) == 0.0


def test_a_full_pool_is_saturated_after_a_while_and_alone(pools):
    pools.fill(0.0, slots=4)
    assert pools.seen.saturated(FULL_AT - 0.01) == frozenset()
    assert pools.seen.saturated(FULL_AT + 0.01) == {LLM}


def test_an_idle_pool_is_saturated_no_longer_after_a_while(pools):
    pools.fill(0.0, slots=4)
    pools.empty(1000.0, slots=4)
    assert pools.seen.saturated(1000.0 + IDLE_AFTER - 0.01) == {LLM}
    assert pools.seen.saturated(1000.0 + IDLE_AFTER + 0.01) == frozenset()


def test_three_of_four_slots_are_not_enough_but_keep_it_so(pools):
    pools.fill(0.0, slots=3)
    assert pools.seen.saturated(1000.0) == frozenset()
    pools.fill(1000.0)
    pools.empty(2000.0)
    assert pools.seen.saturated(3000.0) == {LLM}
    pools.empty(3000.0)
    assert pools.seen.saturated(4000.0) == frozenset()


def test_one_batch_after_another_makes_no_flapping(pools):
    """Full for nine seconds of ten: told once that it is, and never again that it is not."""
    told = []
    for turn in range(100):
        pools.fill(10.0 * turn, slots=4)
        told.append(pools.seen.saturated(10.0 * turn))
        pools.empty(10.0 * turn + 9.0, slots=4)
        told.append(pools.seen.saturated(10.0 * turn + 9.0))
    changes = [at for at in range(1, len(told)) if told[at] != told[at - 1]]
    assert len(changes) == 1
    assert told[-1] == {LLM}


def test_half_of_the_time_is_not_saturated(pools):
    for turn in range(100):
        pools.fill(float(turn), slots=4)
        pools.empty(turn + 0.5, slots=4)
        assert pools.seen.saturated(turn + 0.5) == frozenset()


def test_asking_changes_nothing_and_equal_events_tell_the_same():
    curious, quiet, random = Pools(), Pools(), Random(7)
    now = 0.0
    for _ in range(2_000):
        now += random.expovariate(0.2)
        full, busy = len(quiet.inside[LLM]) == 4, bool(quiet.inside[LLM])
        fills = not busy or (not full and random.random() < 0.8)
        for each in (curious, quiet):
            each.fill(now) if fills else each.empty(now)
        for later in sorted(random.uniform(0.0, 100.0) for _ in range(3)):
            curious.seen.saturated(now + later)
            curious.seen.share(LLM, now + later)
        assert curious.seen == quiet.seen


def test_who_looks_seldom_sees_what_who_looks_always_sees(pools):
    often, random, now = Pools(), Random(3), 0.0
    for _ in range(300):
        fills = random.random() < 0.6 if 0 < len(pools.inside[LLM]) < 4 else not pools.inside[LLM]
        for each in (often, pools):
            each.fill(now) if fills else each.empty(now)
        ends = now + random.expovariate(0.1)
        while now < ends:
            often.fill(now)  # for no time at all, so that it is looked at
            often.empty(now)
            now += 0.7
        assert often.seen.saturated(now) & {LLM} == pools.seen.saturated(now)
        assert often.seen.share(LLM, now) == pytest.approx(pools.seen.share(LLM, now))
