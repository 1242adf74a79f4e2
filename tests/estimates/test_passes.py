"""What passes are said to gain on emulated engines, and what they do gain in virtual time."""

from dataclasses import replace
from random import Random

import pytest

from planner.bounds import bound_of
from planner.estimate import Estimator
from planner.expand import make_plan
from planner.explain import explain
from planner.extent import Extent
from planner.graph import PoolName
from planner.passes.choice import NO_CHOICE, choose
from planner.passes.names import DECODING, DEFAULT, NAMES, PREFILL, PRUNE
from planner.sizes import Sizes
from tests.estimates.service import EXAMPLES, ROOT, VirtualService, asked

LLM = PoolName("llm")
ORDER = [name for name in NAMES if name in DEFAULT]
QUESTION = "why is the sky as blue as that, and is the sea as deep?"
RULES = "Keep to what you were told. " * 80


def changes(service, name):
    page = (ROOT / f"workflows/examples/{name}.yaml").read_bytes()
    modules = service.registry.modules
    found = explain(service.read(page), modules, service.pools, choose(NO_CHOICE))
    return {told.name: told.change.critical_ms for told in found.passes if told.change}


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("name", EXAMPLES)
def test_no_pass_is_said_to_make_a_run_longer(name, replicas):
    assert all(ms <= 0 for ms in changes(VirtualService(replicas=replicas), name).values())


def test_what_the_passes_gain_for_advanced_rag_is_seen():
    gained = changes(VirtualService(replicas=2), "advanced_rag")
    assert all(gained[name] < -5 for name in (PRUNE, PREFILL, DECODING))


def test_one_replica_gains_nothing_by_reading_while_it_speaks():
    gained = changes(VirtualService(replicas=1), "advanced_rag")
    assert gained[PREFILL] == 0
    assert gained[DECODING] < -5


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_change_that_is_predicted_is_about_what_is_measured(replicas):
    expected, took = [], []
    for count in range(len(ORDER) + 1):
        service, random = VirtualService(replicas=replicas), Random(3)
        plan = service.plan("advanced_rag", frozenset(ORDER[:count]))
        inputs = asked("advanced_rag", random)
        tokens = {
            "documents": Extent(1.0, len(inputs["documents"][0]) / 4),
            "question": Extent(1.0, len(inputs["question"]) / 4),
        }
        # Its hints go by what was configured, which is nothing.
        costs = service.true_pools().facts | {LLM: service.pools.fact(LLM)}
        pools = replace(service.pools, facts=costs)
        estimator = Estimator(pools, Sizes(inputs=tokens))
        expected.append(estimator.of(plan).critical_ms)
        took.append(service.run(plan, inputs, "r"))
    for at in range(len(ORDER)):
        measured = took[at + 1] - took[at]
        assert expected[at + 1] - expected[at] == pytest.approx(measured, abs=8.0), ORDER[at]


LISTED = 'list: {use: llm.list, items: 8, prompt: "Write queries for: {{ inputs.q }}"}'
PAGES = {
    "searches": """
  i: {use: index, chunks: [{id: a, text: aa, meta: {}}]}
  %s
  a: {for_each: $list.items, use: search, index: $i, query: $item}""",
    "calls": """
  %s
  a: {for_each: $list.items, use: llm, prompt: "Answer {{ item }}"}""",
    "two at once": """
  %s
  a: {for_each: $list.items, max_parallel: 2, use: llm, prompt: "Answer {{ item }}"}""",
    "in turn": """
  %s
  a: {fold: $list.items, start: "", use: llm, max_tokens: 16, prompt: "{{ item }} {{ acc }}"}""",
    "parts ahead": """
  %s
  a:
    fold: $list.items
    start: ""
    steps:
      m: {use: llm, prompt: "Answer {{ item }}"}
      n: {use: llm, max_tokens: 16, prompt: "Join {{ acc }} and {{ m.text }}"}
    outputs: {t: $n.text}""",
}


@pytest.mark.parametrize("passes", [DEFAULT - {DECODING}, DEFAULT], ids=["whole", "as it comes"])
@pytest.mark.parametrize("steps", PAGES.values(), ids=PAGES)
def test_a_list_that_a_model_writes_takes_what_is_expected(steps, passes):
    took, expected, lower = compared(steps % LISTED, passes, replicas=1)
    assert expected == pytest.approx(took, rel=0.03)
    assert lower <= min(took, expected)


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("passes", [DEFAULT - {PREFILL}, DEFAULT], ids=["whole", "ahead"])
def test_instructions_that_are_read_ahead_are_no_longer_waited_for(passes, replicas):
    steps = f"""
  i: {{use: index, chunks: [{{id: a, text: aa, meta: {{}}}}]}}
  s: {{use: search, index: $i, query: $inputs.q, top_k: 4}}
  a: {{use: llm, prompt: "{RULES} {{{{ inputs.q }}}} {{{{ s.docs | numbered }}}}"}}"""
    took, expected, lower = compared(steps, passes, replicas)
    assert expected == pytest.approx(took, rel=0.03)
    assert lower <= min(took, expected)


def compared(steps, passes, replicas):
    """Return what a run took, what was expected, and the bound, all sizes known but what is cached:
    that is for the estimate to tell.
    """
    service = VirtualService(replicas=replicas)
    page = f"workflow: w\ninputs: {{q: string}}\nsteps:{steps}\noutputs: {{x: 1}}\n"
    document = service.read(page.encode())
    plan = make_plan(document, service.registry.modules, service.pools, passes=passes)
    took = service.run(plan, {"q": QUESTION}, "r")
    seen = service.journal.of_one_run.sizes("local", plan).seen
    blind = {id: replace(each, tokens_cached=None) for id, each in seen.items()}
    sizes = Sizes({"q": Extent(1.0, len(QUESTION) / 4)}, blind)
    estimator = Estimator(service.true_pools(), sizes)
    expected = estimator.of(plan).critical_ms
    return took, expected, bound_of(estimator, plan, plan.library).lower_ms
