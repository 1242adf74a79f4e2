"""How a plan came about: what each pass changed, or by whose word or for what reason it did not."""

from dataclasses import replace

import pytest

from planner.draft import Draft
from planner.expand import make_plan
from planner.explain import explain
from planner.graph import PoolName
from planner.passes import pipeline
from planner.passes.choice import NO_CHOICE, Choice, choose
from planner.passes.names import COMMON, DECODING, NAMES, PREFILL, PRUNE, SPECULATE, STAGES
from planner.pools import PoolFacts
from planner.render import diagram
from spec.load import load
from spec.source import Source
from tests.planner.conftest import MODULES

EXAMPLES = MODULES.parent / "examples"
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


def saturated(pools, *names):
    return replace(pools, saturated=frozenset(names))


def told(registry, document, pools, name):
    found = explain(document, registry.modules, pools, choose(Choice(on=frozenset({SPECULATE}))))
    return next(each for each in found.passes if each.name == name)


WARM = {PoolName("llm"): PoolFacts(warms=True)}
BEHIND = """
workflow: w
inputs: {question: string}
steps:
  judge: {use: llm, prompt: "Is this about us? {{ inputs.question }}"}
  found: {if: "$judge.text == 'yes'", use: web_search, query: $inputs.question}
outputs: {docs: $found.docs}
"""
LONG = "Answer from the passages. " * 20
INSIDE = f"""
workflow: w
inputs: {{flag: boolean, question: string}}
steps:
  part:
    if: $inputs.flag
    steps:
      found: {{use: web_search, query: $inputs.question}}
      said: {{use: llm, prompt: "{LONG}{{{{ found.docs | numbered }}}}"}}
    outputs: {{text: $said.text}}
outputs: {{text: $part.text}}
"""


@pytest.mark.parametrize(
    ("page", "facts", "name", "full", "named"),
    [
        (BEHIND, {}, SPECULATE, {"web", "llm"}, "web"),
        (INSIDE, WARM, PREFILL, {"web", "llm"}, "llm"),
        (PAGE, {PoolName("embedding"): PoolFacts(rows_max=4)}, STAGES,
         {"embedding", "vector", "llm"}, "embedding, vector"),
    ],
    ids=["speculate", "in what opens later", "either of a pair"],
)  # fmt: skip
def test_a_pass_that_the_load_holds_back_is_told_so_with_the_pools(
    registry, read, pools, page, facts, name, full, named
):
    document, here = load(read(page), registry.vocabulary()), replace(pools, facts=facts)
    assert told(registry, document, here, name).change is not None
    found = told(registry, document, saturated(here, *full), name)
    assert found.change is None
    assert found.why.reason == "saturated"
    assert found.why.detail == f"it would add work to pools that are busy: {named}"


def test_a_pass_that_the_load_does_not_hold_back_is_told_the_reason_it_has(registry, read, pools):
    document = load(read(PAGE), registry.vocabulary())
    every = saturated(pools, *pools.kinds)
    assert told(registry, document, every, PREFILL).why.reason == "no-pool-can"
    assert told(registry, document, every, SPECULATE).why.reason == "nothing-to-do"
    assert told(registry, document, every, PRUNE).change is not None


FILED = """
workflow: w
inputs: {files: "string[]", question: string}
steps:
  each:
    for_each: $inputs.files
    steps:
      chunks: {use: chunk, text: $item}
      index: {use: index, chunks: $chunks.items}
      hits: {use: search, index: $index, query: $inputs.question}
    outputs: {docs: $hits.docs}
outputs: {docs: $each.docs}
"""


def test_what_another_pass_would_do_in_a_part_holds_no_pass_back(registry, read, pools):
    document = load(read(FILED), registry.vocabulary())
    facts = {**dict.fromkeys(pools.kinds, PoolFacts(rows_max=4, streams=True)), **WARM}
    loaded = replace(pools, facts=facts, saturated=frozenset({"embedding"}))
    whys = {
        name: told(registry, document, loaded, name).why for name in (STAGES, PREFILL, SPECULATE)
    }
    assert whys[STAGES].reason == "saturated"
    assert (whys[PREFILL].reason, whys[SPECULATE].reason) == ("nothing-to-do", "nothing-to-do")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_passes_that_add_no_work_are_made_whatever_the_load(registry, read, pools, path):
    document = load(read(path.read_text()), registry.vocabulary())
    passes = frozenset({PRUNE, COMMON, DECODING})
    facts = dict.fromkeys(pools.kinds, PoolFacts(deterministic=True, streams=True))
    idle = replace(pools, facts=facts)
    plans = [
        make_plan(document, registry.modules, here, passes=passes)
        for here in (idle, saturated(idle, *pools.kinds))
    ]
    assert plans[0].graph == plans[1].graph
    assert plans[0].structures == plans[1].structures


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


ROWS = """
module: rows
inputs: {index: index, queries: "string[]"}
steps:
  vectors: {op: embed, texts: $inputs.queries}
  hits: {op: search, index: $inputs.index, vectors: $vectors.vectors, queries: $inputs.queries}
outputs: {docs: $hits.docs}
"""
LISTED = """
workflow: w
inputs: {question: string}
steps:
  i: {use: index, name: kept}
  l: {use: llm.list, prompt: "Queries for {{ inputs.question }}", items: 20}
  s: {use: rows, index: $i, queries: $l.items}
outputs: {docs: $s.docs}
"""


def test_rows_of_a_list_that_come_one_by_one_are_done_sooner(registry, read, pools):
    modules = registry.with_module(Source("rows.yaml", ROWS.encode(), "yaml"))
    document = load(read(LISTED), modules.vocabulary())
    able = replace(pools, facts={PoolName("llm"): PoolFacts(streams=True)})
    found = explain(document, modules.modules, able, choose(NO_CHOICE))
    gained = {told.name: told.change for told in found.passes}
    assert gained[DECODING].critical_ms < 0
    silent = explain(document, modules.modules, pools, choose(NO_CHOICE))
    whys = {told.name: told.why for told in silent.passes}
    assert whys[DECODING].reason == "no-pool-can"
