"""prune_dependencies: what is left is what the author's data and `after` say."""

from functools import partial
from random import Random

import pytest

from planner.errors import BrokenPass
from planner.expand import make_plan
from planner.graph import RunInput
from planner.library import Library
from planner.opener import Opener
from planner.passes import pipeline
from planner.passes.names import DEFAULT, NONE, PRUNE
from planner.place import Place
from spec.load import load
from tests.equivalence.service import POOLS as JUDGED
from tests.interpreter.callees import stocked
from tests.interpreter.documents import workflow
from tests.interpreter.shelf import Shelf

PAGE = """
workflow: w
inputs: {text: string, question: string}
steps:
  chunks: {use: chunk, text: $inputs.text}
  index: {use: index, chunks: $chunks.items}
  idea: {use: llm, prompt: "{{ inputs.question }}"}
  hits: {use: search, index: $index, query: $idea.text}
  last: {use: llm, prompt: "{{ inputs.question }}", after: [hits]}
outputs: {docs: $hits.docs, last: $last.text}
"""


@pytest.fixture(scope="module")
def shelf():
    return stocked(Shelf.standard())


def waits(plan):
    return {each.id: set(each.waits_for()) for each in plan.graph}


@pytest.fixture
def plan(registry, read, pools):
    document = load(read(PAGE), registry.vocabulary())
    return lambda passes: make_plan(document, registry.modules, pools, passes=passes)


def test_in_authored_order_each_module_waits_for_the_one_before(plan):
    found = waits(plan(NONE))
    assert found["idea.prefill"] == {"index:over"}
    assert found["index:over"] == {"index.stored"}
    assert found["hits.query"] == {"idea.decode", "idea:over"}


def test_what_carries_no_data_is_dropped_and_what_the_author_ordered_stays(plan):
    found = waits(plan(frozenset({PRUNE})))
    assert found["idea.prefill"] == set()
    assert found["hits.query"] == {"idea.decode"}
    assert found["hits.hits"] == {"index.stored", "hits.query", "idea.decode"}
    assert found["last.prefill"] == {"hits.hits"}
    assert not [id for id in found if id.endswith(":over")]


def _note(seen, _name, before, _after):
    seen.append(before)


@pytest.mark.parametrize("number", range(60))
def test_authored_order_pruned_is_the_order_of_data_alone(shelf, number):
    document = shelf.load(workflow(Random(number)).page)
    library = shelf.library()
    passes, seen = frozenset({PRUNE}), []
    watch = partial(_note, seen)
    plan = make_plan(document, library.modules, JUDGED, library.flows, passes, watch)
    assert [each for each in seen[0].primitives if each.op == "barrier"]
    by_data = Opener(Library(library.modules, library.flows, JUDGED), authored=False)
    inputs = {each.id: RunInput(each.id) for each in document.inputs}
    by_data.document(document, inputs, Place())
    for primitive in by_data.primitives:
        found = plan.graph[primitive.id]
        assert found == primitive
    assert len(plan.graph.primitives) == len(by_data.primitives) + len(document.outputs)


def test_a_pass_that_breaks_a_law_raises_with_what_it_got_and_made(plan, monkeypatch):
    def breaks(draft, _library):
        return draft.with_primitives(draft.primitives[1:])

    monkeypatch.setattr(pipeline, "PASSES", {PRUNE: breaks})
    with pytest.raises(BrokenPass, match=r"unknown 'chunks\.pieces'") as found:
        plan(DEFAULT)
    assert len(found.value.before.primitives) == len(found.value.after.primitives) + 1
