"""How a plan came about: what each pass changed, or by whose word or for what reason it did not."""

import pytest

from planner.draft import Draft
from planner.explain import explain
from planner.passes import pipeline
from planner.passes.choice import NO_CHOICE, Choice, choose
from planner.passes.names import COMMON, NAMES, PREFILL, PRUNE, SPECULATE
from planner.render import diagram
from spec.load import load

PAGE = """
workflow: w
inputs: {text: string, question: string}
steps:
  chunks: {use: chunk, text: $inputs.text}
  index: {use: index, chunks: $chunks.items}
  idea: {use: llm, prompt: "Think of {{ inputs.question }}"}
  hits: {use: search, index: $index, query: $idea.text}
  last: {use: llm, prompt: "From {{ hits.docs | numbered }}"}
outputs: {last: $last.text}
"""


@pytest.fixture
def explained(registry, read, pools):
    document = load(read(PAGE), registry.vocabulary())

    def of(request=NO_CHOICE, service=NO_CHOICE):
        chosen = choose(NO_CHOICE, request, service)
        return explain(document, registry.modules, pools, chosen)

    return of


def test_a_pass_that_changed_the_graph_says_what_and_what_it_gains(explained):
    found = explained(Choice.only([PRUNE]))
    first, last = found.stages
    assert (first.made_by, last.made_by) == ("expand", PRUNE)
    change = found.passes[0].change
    assert change.added == ()
    assert "index:over" in change.removed
    assert ("idea.prefill", "index:over") in change.dropped
    assert change.critical_ms < 0
    assert last.estimate.critical_ms == first.estimate.critical_ms + change.critical_ms
    assert tuple(found.plan.graph) == last.draft.primitives


def test_each_pass_is_told_of_once_in_order(explained):
    found = explained()
    assert [told.name for told in found.passes] == list(NAMES)
    assert all((told.change is None) != (told.why is None) for told in found.passes)


@pytest.mark.parametrize(
    ("request_", "service", "by", "detail"),
    [
        (Choice(off=frozenset({PRUNE})), Choice(), "request", "turned off by the request"),
        (Choice(on=frozenset({PRUNE})), Choice(off=frozenset({PRUNE})), "service", "the service"),
    ],
)
def test_who_turned_a_pass_off_is_told(explained, request_, service, by, detail):
    told = explained(request_, service).passes[0]
    assert (told.chosen.by, told.why.reason) == (by, "off")
    assert detail in told.why.detail


def test_why_a_pass_that_is_on_changed_nothing(explained):
    whys = {told.name: told.why for told in explained().passes}
    assert whys[COMMON].reason == "nothing-to-do"
    assert (whys[PREFILL].reason, whys[SPECULATE].reason) == ("no-pool-can", "off")
    assert "no engine of llm" in whys[PREFILL].detail


REFINED = """
workflow: w
inputs: {docs: "doc[]"}
steps:
  last:
    use: synthesize.refine
    docs: $inputs.docs
    prompt: "Better {{ draft }} by {{ doc.text }}"
outputs: {last: $last.text}
"""


def test_what_is_opened_later_counts_among_what_a_pass_could_change(registry, read, pools):
    document = load(read(REFINED), registry.vocabulary())
    found = explain(document, registry.modules, pools, choose(NO_CHOICE))
    whys = {told.name: told.why for told in found.passes}
    assert whys[PREFILL].reason == "no-pool-can"
    assert whys[COMMON].reason == "nothing-to-do"


def test_a_pass_that_breaks_a_law_is_told_and_the_plan_is_plain(explained, monkeypatch):
    def breaks(draft: Draft, _library: object) -> Draft:
        return draft.with_primitives(draft.primitives[1:])

    monkeypatch.setattr(pipeline, "PASSES", {PRUNE: breaks})
    found = explained()
    assert [stage.made_by for stage in found.stages] == ["expand"]
    assert found.passes[0].why.reason == "broke-a-law"
    assert "chunks.pieces" in found.passes[0].why.detail
    assert "chunks.pieces" in found.plan.graph.primitives


def test_the_critical_path_is_drawn(explained):
    last = explained(Choice.only([PRUNE])).last
    drawn = diagram(last.draft.primitives, last.estimate.ms, last.estimate.path)
    places = {each.id: f"p{at}" for at, each in enumerate(last.draft.primitives)}
    path = ",".join(places[id] for id in last.estimate.path)
    assert f"class {path} critical" in drawn
    assert " ms" in drawn
