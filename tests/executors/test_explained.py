"""Where the time of a run went: times along its critical path add up to all of it."""

import pytest

from executors.engines.scripted import Behaviour
from executors.explained import CAUSES, explain
from planner.costs import BatchCosts, LanguageCosts
from planner.graph import PoolName
from planner.pools import PoolFacts
from planner.sizes import Sizes

PAGE = """
workflow: w
inputs: {words: "string[]", question: string}
steps:
  slow: {use: llm, prompt: "slow {{ inputs.question }}"}
  each: {for_each: $inputs.words, use: llm, prompt: "{{ item }}"}
  last: {use: llm, prompt: "{{ each.text | json }} {{ slow.text }}"}
outputs: {last: $last.text}
"""
FACTS = {PoolName("llm"): PoolFacts(costs={"decode": LanguageCosts(10, 1, 0, 20, 1, 0)})}


def behaviour(request):
    return Behaviour(latency_s=0.9 if "slow" in request.args["prompt"] else 0.2)


@pytest.fixture
def ran(world, plan_of):
    here = world(seed=1, behaviours={"llm": behaviour})
    plan = plan_of(PAGE)
    here.submit(plan, {"words": ["a", "b"], "question": "?"})
    here.run()
    events = here.store.events("local", "r1", limit=1000)
    return here.record(), events, plan


def test_the_critical_path_is_what_the_end_had_waited_for(ran):
    record, events, plan = ran
    found = explain(record, events, FACTS, plan, Sizes())
    path = found.path
    assert path[0].after is None
    assert [each.after for each in path[1:]] == [each.primitive for each in path[:-1]]
    ends = [each.primitive for each in path[-3:]]
    assert ends == ["last.prefill", "last.decode", "output:last"]
    latest = max(
        each.done_ms
        for each in found.work
        if each.primitive.endswith("decode") and each.primitive != "last.decode"
    )
    assert path[-4].done_ms == latest
    assert set(found.causes) == set(CAUSES)
    assert sum(found.causes.values()) == pytest.approx(found.duration_ms)
    assert found.causes["scheduler"] == pytest.approx(0.0, abs=0.01)
    assert found.causes["decode"] > 0


def test_each_piece_of_work_has_its_estimate_and_its_bound(ran):
    record, events, plan = ran
    found = explain(record, events, FACTS, plan, Sizes())
    by_id = {each.primitive: each for each in found.work}
    decode = by_id["each[1].decode"]
    assert decode.estimate_ms is not None
    assert decode.least_ms == pytest.approx((decode.usage["tokens_out"] - 1) * 21)
    assert by_id["each[1].prefill"].least_ms == pytest.approx(10 + decode.usage["tokens_in"])
    assert found.estimate_ms is not None
    assert 0 < found.lower_ms <= found.duration_ms


def test_of_a_plan_that_is_forgotten_nothing_was_expected(ran):
    record, events, plan = ran
    found = explain(record, events, FACTS, None, Sizes())
    assert (found.estimate_ms, found.lower_estimate_ms) == (None, None)
    assert [each.estimate_ms for each in found.work] == [None] * len(found.work)
    known = explain(record, events, FACTS, plan, Sizes())
    assert [each.primitive for each in found.path] == [each.primitive for each in known.path]


def test_a_run_that_did_nothing_has_no_path(world, plan_of):
    here = world(behaviours={"llm": behaviour})
    here.submit(plan_of(PAGE), {"words": [], "question": "?"})
    here.cancel("r1", at=0.01)
    here.run()
    events = here.store.events("local", "r1", limit=1000)
    found = explain(here.record(), events, {}, None, Sizes())
    assert found.path == ()
    assert found.lower_ms == 0


def test_the_bound_of_a_batch_is_what_its_rows_take_at_best(ran):
    record, events, _ = ran
    facts = {PoolName("inline"): PoolFacts(costs={"select": BatchCosts(3, 4)})}
    found = explain(record, events, facts, None, Sizes())
    assert [each.least_ms for each in found.work if each.op == "select"] == [7]
