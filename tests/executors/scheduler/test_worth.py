"""Whether to begin ahead: what is won, how likely, against what work costs where it is done."""

import pytest

from executors.scheduler import chances
from executors.scheduler.chances import Chances
from executors.scheduler.events import RunId, TaskId
from executors.scheduler.policies.throughput import throughput
from executors.scheduler.pool import Limits, Pool
from executors.scheduler.speculation import is_worth
from planner.graph import PoolName, PrimitiveId
from planner.structure import Ahead

WEB = PoolName("web")


def ahead(saved_ms: float, work_ms: float) -> Ahead:
    return Ahead(PrimitiveId("s:gate"), saved_ms, {WEB: work_ms})


def pools(waiting: int) -> dict[PoolName, Pool]:
    pool = Pool(WEB, Limits(1, 2, 4, 100), throughput)
    for number in range(waiting):
        pool.join(TaskId(RunId(f"r{number}"), PrimitiveId("a")), 1, number, 0)
    return {WEB: pool}


@pytest.mark.parametrize(
    ("saved_ms", "work_ms", "chance", "waiting", "worth"),
    [
        (400, 200, 0.5, 0, True),
        (400, 400, 0.5, 0, False),  # as much is lost as won
        (400, 400, 0.6, 0, True),
        (400, 200, 0.3, 0, False),
        (400, 200, 0.5, 2, True),
        (400, 200, 0.5, 4, False),  # two for each slot: others would wait as long again
        (400, 200, 0.9, 8, True),
        (400, 0, 0.1, 50, True),  # what costs nothing is always worth it
    ],
)
def test_what_is_won_is_held_against_what_is_lost(saved_ms, work_ms, chance, waiting, worth):
    assert is_worth(ahead(saved_ms, work_ms), chance, pools(waiting)) is worth


def test_what_is_learned_stays_with_its_tenant_and_its_plan():
    known = Chances()
    known.learn("a", "plan", PrimitiveId("s[1].t:branch"), True)
    assert known.of("a", "plan", PrimitiveId("s[7].t:branch")) == pytest.approx(2 / 3)
    assert known.of("b", "plan", PrimitiveId("s[1].t:branch")) == 0.5
    assert known.of("a", "other", PrimitiveId("s[1].t:branch")) == 0.5


def test_no_more_is_kept_than_may_be(monkeypatch):
    monkeypatch.setattr(chances, "CHANCES_MAX", 2)
    known = Chances()
    for name in ("a", "b", "a", "c"):
        known.learn("t", "plan", PrimitiveId(name), True)
    assert known.of("t", "plan", PrimitiveId("a")) == 0.75
    assert known.of("t", "plan", PrimitiveId("b")) == 0.5
