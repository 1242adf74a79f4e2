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


def plan_of(steps, inputs="", value="1", pools=POOLS):
    page = f"workflow: w\n{inputs}steps:\n{steps}\noutputs: {{x: {value}}}\n"
    document = load(Source("w.yaml", page.encode(), "yaml"), REGISTRY.vocabulary())
    return make_plan(document, REGISTRY.modules, pools)


def estimate(steps, sizes=Sizes(), pools=POOLS, **more):  # noqa: B008  # it is never changed
    return Estimator(pools, sizes).of(plan_of(steps, pools=pools, **more))


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
    step = f"fold: ['1', '2', '3'], start: '{'x' * 40}', use: llm, max_tokens: 11"
    found = estimate(f'  a: {{{step}, prompt: "{{{{ acc }}}}"}}', replies(10))
    assert found.critical_ms == pytest.approx(3 * ALONE)


def test_what_an_element_of_a_fold_does_not_read_of_the_one_before_is_done_ahead():
    step = f"fold: [1, 2, 3], start: '', {CALL}"
    assert estimate(f"  a: {{{step}}}").critical_ms == pytest.approx(30.0 + 10 * 14.0)
    twenty = f"fold: [{', '.join('1' * 20)}], start: '', {CALL}"
    eight = 80.0 + 10 * 24.0  # no more than eight are opened at once
    assert estimate(f"  a: {{{twenty}}}").critical_ms == pytest.approx(20 / 8 * eight)


#: A list of four in forty steps: of 400 ms, after 10 for its prompt.
LISTED = f"  n: {{use: llm.list, items: 4, prompt: {'x' * 40}}}"
ITEM = "use: web_search, query: $item"


def streaming(warms=False, **more):
    facts = replace(FACTS[PoolName("llm")], streams=True, warms=warms, block_tokens=16, **more)
    return replace(POOLS, facts={**FACTS, PoolName("llm"): facts})


def replies(tokens_in, tokens_out=11, **more):
    return Sizes(seen={"a[].decode": Seen(tokens_in=tokens_in, tokens_out=tokens_out)}, **more)


@pytest.mark.parametrize(
    ("step", "whole", "left"),
    [
        (f"for_each: $n.items, {ITEM}", 100.0, 100.0),
        (f"for_each: $n.items, max_parallel: 1, {ITEM}", 400.0, 100.0),
        (f"for_each: $n.items, max_parallel: 2, {ITEM}", 200.0, 100.0),
        (f"for_each: $n.items, {CALL}", 40.0 + 10 * 16.0, 40.0 + 10 * 16.0),
        (f"for_each: $n.items, max_parallel: 1, {CALL}", 440.0, 140.0),
        (f'fold: $n.items, start: "", {CALL.replace("x" * 40, "$acc")}', 440.0, 240.0),
    ],
    ids=["each", "by one", "by two", "each call", "call by call", "in turn"],
)
def test_of_a_list_that_is_gone_over_as_it_is_said_less_is_left(step, whole, left):
    seen = {"n.decode": Seen(tokens_in=10, tokens_out=41)}
    seen["a[].decode"] = Seen(tokens_in=10, tokens_out=11)
    steps = f"{LISTED}\n  a: {{{step}}}"
    assert estimate(steps, Sizes(seen=seen)).critical_ms == pytest.approx(410.0 + whole)
    found = estimate(steps, Sizes(seen=seen), streaming())
    assert found.critical_ms == pytest.approx(410.0 + left)


def test_a_list_whose_length_nobody_said_is_a_short_one():
    steps = f"  n: {{use: llm.list, prompt: {'x' * 40}%s}}\n  a: {{for_each: $n.items, {ITEM}}}"
    unsaid, said = estimate(steps % ""), estimate(steps % ", items: 3")
    assert unsaid.critical_ms == said.critical_ms
    assert unsaid.work_ms[PoolName("web")] == 75.0  # three times 100 ms, in four slots


def test_what_elements_read_besides_keeps_them_from_beginning():
    seen = Sizes(seen={"n.decode": Seen(tokens_in=10, tokens_out=41)})
    late = f"  b: {{{CALL}}}\n  c: {{use: llm, max_tokens: 11, prompt: '{{{{ b.text }}}}'}}\n"
    body = 'use: web_search, query: "$item + c.text"'
    steps = f"{late}{LISTED}\n  a: {{for_each: $n.items, max_parallel: 1, {body}}}"
    found = estimate(steps, seen, streaming())
    assert found.ends_ms["c.decode"] == pytest.approx(221.0)
    assert found.critical_ms == pytest.approx(410.0 + 400.0 - (410.0 - 221.0))


def test_a_structure_waits_for_what_only_its_elements_read():
    steps = f"  b: {{{CALL}}}\n  a: {{for_each: [1, 2], use: web_search, query: $b.text}}"
    found = estimate(steps)
    assert found.critical_ms == pytest.approx(ALONE + 100.0)
    assert "b.decode" in found.path


def test_an_estimate_is_never_below_the_bound_however_much_overlaps():
    for step in (
        f"for_each: $n.items, max_parallel: 1, {ITEM}",
        f"fold: $n.items, start: '', {CALL}",
    ):
        plan = plan_of(f"{LISTED}\n  a: {{{step}}}", pools=streaming(warms=True))
        estimator = Estimator(streaming(warms=True))
        bound = bound_of(estimator, plan, plan.library)
        assert bound.lower_ms <= estimator.of(plan).critical_ms


def after_a_search(known):
    """A call that begins with so many tokens, while the rest is searched for in 100 ms."""
    prompt = "x" * 4 * known + "{{ b.docs | numbered }}"
    return (
        f"  b: {{use: web_search, query: y}}\n  a: {{use: llm, max_tokens: 1, prompt: '{prompt}'}}"
    )


@pytest.mark.parametrize(
    ("known", "left"),
    [(100, 110.0 - 80.0), (50, 60.0 - 32.0), (10, 20.0)],
    ids=["whole blocks but one", "fewer", "none"],
)
def test_what_was_read_ahead_is_no_longer_read(known, left):
    sizes = Sizes(seen={"a.decode": Seen(tokens_in=known + 10, tokens_out=1)})
    found = estimate(after_a_search(known), sizes, streaming(warms=True))
    assert found.ms["a.prefill"] == pytest.approx(left)


def test_only_what_there_was_time_for_is_read_ahead():
    slow = replace(CALLS, prefill_token_ms=4.0)
    pools = streaming(warms=True, costs={"decode": slow})
    sizes = Sizes(seen={"a.decode": Seen(tokens_in=110, tokens_out=1)})
    found = estimate(after_a_search(100), sizes, pools)
    assert found.ms["a.prefill"] == pytest.approx(4.0 * (110 - 16))  # 25 tokens in 100 ms


def test_what_was_seen_to_be_cached_is_not_counted_twice():
    sizes = Sizes(seen={"a.decode": Seen(tokens_in=110, tokens_cached=16, tokens_out=1)})
    found = estimate(after_a_search(100), sizes, streaming(warms=True))
    assert found.ms["a.prefill"] == pytest.approx(110 - 16)


@pytest.mark.parametrize(("replicas", "gained"), [(1, 0.0), (2, 80.0 / 2), (4, 80.0 * 3 / 4)])
def test_what_is_read_beside_what_speaks_is_gained_by_other_replicas_alone(replicas, gained):
    steps = (
        f"  b: {{{CALL}}}\n  a: {{use: llm, max_tokens: 1, prompt: '{'x' * 400}{{{{ b.text }}}}'}}"
    )
    sizes = Sizes(seen={"a.decode": Seen(tokens_in=110, tokens_out=1)})
    found = estimate(steps, sizes, streaming(warms=True, replicas=replicas))
    assert found.ms["a.prefill"] == pytest.approx(110.0 - gained)


def test_what_elements_have_in_common_is_read_before_they_are_known():
    body = f"use: llm, max_tokens: 1, prompt: '{'x' * 400}{{{{ item.text }}}}'"
    steps = f"  b: {{use: web_search, query: y, top_k: 2}}\n  a: {{for_each: $b.docs, {body}}}"
    found = estimate(steps, replies(110, tokens_out=1), streaming(warms=True))
    assert found.critical_ms == pytest.approx(100.0 + 2 * (110.0 - 80.0))


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


def test_pieces_take_no_longer_than_the_whole_though_the_last_is_small():
    """Of 11 rows one piece has 10; the engine has no more rows to do than before."""
    steps = "  a: {use: chunk, text: $inputs.d, size: 10}\n  b: {use: index, chunks: $a.items}"
    ingest = PoolFacts(costs={"ingest": BatchCosts(5.0, 1.0)})
    pools = replace(POOLS, facts={**FACTS, PoolName("vector"): ingest})
    sizes = Sizes(inputs={"d": Extent(1.0, 110.0)})
    plan = plan_of(steps, "inputs: {d: string}\n", pools=pools)
    found = Estimator(pools, sizes).of(plan)
    assert "b.stored:stages" in found.ms
    assert found.ms["b.stored"] == pytest.approx(2 * 16.0 + 5.0 + 6.0)  # whole: 31 and 16


def test_what_was_seen_of_pieces_or_of_the_whole_counts():
    steps = "  a: {use: chunk, text: $inputs.d, size: 10}\n  b: {use: index, chunks: $a.items}"
    ingest = PoolFacts(costs={"ingest": BatchCosts(5.0, 1.0)})
    pools = replace(POOLS, facts={**FACTS, PoolName("vector"): ingest})
    plan = plan_of(steps, "inputs: {d: string}\n", pools=pools)
    whole = Sizes(seen={"b.vectors": Seen(rows=6), "b.stored": Seen(rows=6)})
    assert Estimator(pools, whole).of(plan).ms["b.stored"] == pytest.approx(16.0 + 11.0)
    pieces = Sizes(seen={"b.stored:stages": Seen(count=20)})
    assert Estimator(pools, pieces).of(plan).ms["b.stored"] == pytest.approx(2 * 20.0 + 15.0)


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
