"""What a plan takes: each construct by hand, from costs that are easy to add up."""

from dataclasses import replace

import pytest

from planner.bounds import bound_of
from planner.costs import BatchCosts, LanguageCosts
from planner.draft import Draft
from planner.estimate import Estimator
from planner.expand import make_plan
from planner.extent import Extent
from planner.graph import PoolName
from planner.outline import outline
from planner.pools import PoolFacts, Pools
from planner.registry import Registry
from planner.sizes import Seen, Sizes
from spec.load import load
from spec.source import Source
from tests.executors.conftest import ROOT

KINDS = {PoolName(kind): kind for kind in ("inline", "embedding", "vector", "llm", "rerank", "web")}
# A token of a prompt takes 1 ms, one of a reply 10; 2 more for each call that speaks beside it.
CALLS = LanguageCosts(0.0, 1.0, 0.0, 8.0, 2.0, 0.0)
FREE = dict.fromkeys(("select", "format", "chunk", "aggregate", "merge_top_k"), BatchCosts(0, 0))
FACTS = {
    PoolName("llm"): PoolFacts(slots=8, costs={"decode": CALLS}),
    PoolName("embedding"): PoolFacts(rows_max=10, costs={"embed": BatchCosts(10.0, 1.0)}),
    PoolName("web"): PoolFacts(slots=4, costs={"web_search": BatchCosts(100.0, 0.0)}),
    PoolName("inline"): PoolFacts(slots=64, costs=FREE),
}
POOLS = Pools(KINDS, {kind: name for name, kind in KINDS.items()}, FACTS)
REGISTRY = Registry.from_folder(ROOT / "workflows/modules", frozenset(KINDS))
# A prompt of 10 tokens and a reply of 11: 10 ms and, alone, 10 steps of 10 ms.
CALL = f"use: llm, prompt: {'x' * 40}, max_tokens: 11"
ALONE = 110.0


def plan_of(steps, inputs="", value="1"):
    page = f"workflow: w\n{inputs}steps:\n{steps}\noutputs: {{x: {value}}}\n"
    document = load(Source("w.yaml", page.encode(), "yaml"), REGISTRY.vocabulary())
    return make_plan(document, REGISTRY.modules, POOLS)


def estimate(steps, sizes=Sizes(), pools=POOLS, **more):  # noqa: B008  # it is never changed
    return Estimator(pools, sizes).of(plan_of(steps, **more))


def test_a_call_is_its_prompt_and_its_steps():
    found = estimate(f"  a: {{{CALL}}}")
    assert found.ms["a.prefill"] == 10.0
    assert found.ms["a.decode"] == 100.0
    assert found.critical_ms == ALONE
    assert found.path == ("a.prefill", "a.decode")
    assert found.remaining_s["a.prefill"] == pytest.approx(0.110)


def test_what_reads_another_comes_after_it_and_all_else_at_once():
    chain = (
        '  a: {use: llm, prompt: "xxxx", max_tokens: 11}\n  b: {use: llm, prompt: "{{ a.text }}", '
    )
    assert estimate(chain + "max_tokens: 1}").critical_ms == pytest.approx(101.0 + 11.0)
    assert estimate(f"  a: {{{CALL}}}\n  b: {{{CALL}}}").critical_ms == ALONE


@pytest.mark.parametrize(
    ("step", "ms"),
    [
        (f"for_each: [1, 2, 3], {CALL}", 30.0 + 10 * 14.0),
        (f"for_each: [1, 2, 3, 4], max_parallel: 1, {CALL}", 4 * ALONE),
        (f"for_each: [], {CALL}", 0.0),
        (f"reduce: ['1', '2', '3', '4'], fan_in: 2, {CALL}", 20.0 + 10 * 12.0 + ALONE),
        (f"if: $inputs.x, else: {{text: a}}, {CALL}", ALONE / 2),
        (f"retry: 2, {CALL}", ALONE),
        (f"cache: 1h, {CALL}", ALONE),
    ],
    ids=["each", "in turn", "none", "tree", "condition", "attempts", "memory"],
)
def test_a_structure_takes_what_its_children_take(step, ms):
    found = estimate(f"  a: {{{step}}}", inputs="inputs: {x: boolean}\n")
    assert found.critical_ms == pytest.approx(ms)


def test_a_fold_goes_through_its_elements_one_by_one():
    step = f"fold: [1, 2, 3], start: '', {CALL}"
    assert estimate(f"  a: {{{step}}}").critical_ms == pytest.approx(3 * ALONE)


def test_a_loop_goes_on_to_its_end_unless_it_may_end_sooner():
    head = "  a:\n    loop: {max: 5, start: {t: ''}, next: {t: $b.text}"
    body = f"}}\n    steps: {{b: {{{CALL}}}}}"
    assert estimate(head + body).critical_ms == pytest.approx(5 * ALONE)
    assert estimate(head + ", until: $b.text == 'x'" + body).critical_ms == pytest.approx(2 * ALONE)


def test_rows_that_leave_apart_fill_batches():
    steps = (
        "  a: {use: chunk, text: $inputs.d, size: 10}\n  b: {use: index, chunks: $a.items, name: x}"
    )
    sizes = Sizes(inputs={"d": Extent(1.0, 250.0)})
    found = estimate(steps, sizes, inputs="inputs: {d: string}\n")
    assert found.ms["b.vectors"] == pytest.approx(3 * 10.0 + 25.0)
    two = {PoolName("embedding"): replace(FACTS[PoolName("embedding")], replicas=2)}
    wider = replace(POOLS, facts={**FACTS, **two})
    found = estimate(steps, sizes, wider, inputs="inputs: {d: string}\n")
    assert found.ms["b.vectors"] == pytest.approx(2 * 10.0 + 12.5)


def test_what_was_seen_counts_more_than_what_is_expected():
    seen = {
        "a:for_each": Seen(count=5),
        "a[].decode": Seen(tokens_in=100, tokens_cached=60, tokens_out=21),
    }
    found = estimate(f"  a: {{for_each: [1, 2, 3], {CALL}}}", Sizes(seen=seen))
    assert found.critical_ms == pytest.approx(5 * 40.0 + 20 * (8.0 + 2.0 * 5))


@pytest.mark.parametrize(
    ("parallel", "ms"), [("", 30.0 + 20 * 8.0 + 30 * 2.0), (", max_parallel: 1", 3 * ALONE)]
)
def test_calls_side_by_side_last_as_long_as_the_longest_reply(parallel, ms):
    seen = Seen(times=9, tokens_out=11.0, tokens_longest=21.0)
    found = estimate(
        f"  a: {{for_each: [1, 2, 3]{parallel}, {CALL}}}", Sizes(seen={"a[].decode": seen})
    )
    assert found.critical_ms == pytest.approx(ms)


def test_a_draft_is_estimated_like_the_plan_it_becomes():
    plan = plan_of(f"  a: {{for_each: [1, 2], {CALL}}}")
    draft = Draft(tuple(plan.graph), tuple(plan.structures.values()), (), frozenset())
    whole, part = Estimator(POOLS).of(plan), Estimator(POOLS).of(draft, plan.library)
    assert whole == part


def test_estimating_changes_no_plan():
    plan = plan_of(f"  a: {{for_each: [1, 2], {CALL}}}")
    first = Estimator(POOLS).of(plan)
    assert Estimator(POOLS).of(plan) == first
    (structure,) = plan.structures.values()
    assert structure.mould._left == 3


def test_work_is_that_of_full_batches_and_full_replicas():
    found = estimate(f"  a: {{for_each: [{', '.join('1' * 16)}], {CALL}}}")
    assert found.work_ms["llm"] == pytest.approx(max(16 * 10.0, 16 * 10 * (8.0 + 2.0 * 8) / 8))


def test_a_bound_lets_every_call_be_alone_and_is_never_above_the_estimate():
    plan = plan_of(f"  a: {{for_each: [1, 2, 3], {CALL}}}")
    bound = bound_of(Estimator(POOLS), plan, plan.library)
    assert bound.critical_ms == pytest.approx(100.0)  # the prompt may be known all the same
    assert bound.lower_ms == pytest.approx(10 * (8.0 + 2.0 * 3))
    assert bound.lower_ms <= Estimator(POOLS).of(plan).critical_ms


def test_no_bound_rises_with_more_replicas():
    plan = plan_of(f"  a: {{for_each: [{', '.join('1' * 40)}], {CALL}}}")
    lower = []
    for replicas in (1, 2, 4, 8):
        facts = {name: replace(fact, replicas=replicas) for name, fact in FACTS.items()}
        pools = replace(POOLS, facts=facts)
        lower.append(bound_of(Estimator(pools), plan, plan.library).lower_ms)
    assert lower == sorted(lower, reverse=True)
    assert lower[0] > lower[-1]


def test_an_outline_knows_what_every_unit_asks_for():
    shape = outline(plan_of(f"  a: {{{CALL}}}"), plan_of(f"  a: {{{CALL}}}").library, Sizes())
    (demand,) = (each for each in shape.demands.values() if each.op == "decode")
    assert (demand.tokens_in, demand.tokens_out, demand.lead) == (10.0, 11.0, 10.0)
