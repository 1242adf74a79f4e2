"""Elements of a fold wait for the one before by what they read of it, and for nothing else."""

import pytest

from planner.structure import FOLD_WINDOW
from tests.executors.drivers.test_control import page, seconds, took_s

FOLDED = """\
  s:
    fold: $inputs.words
    start: ""
    steps:
      found: {SEARCH}
      said: {use: llm, prompt: "{{ acc }} {{ found.docs | numbered }}"}
    outputs: {text: $said.text}"""


def test_what_an_element_of_a_fold_does_not_read_of_the_one_before_is_done_ahead(world, plan_of):
    here = world(behaviours={"llm": seconds, "web": seconds}, replicas=4)
    search = "use: web_search, query: $item, top_k: 1"
    here.submit(plan_of(page(FOLDED.replace("SEARCH", search))), {"words": list("abc")})
    here.run()
    assert here.record().status == "succeeded"
    assert took_s(here) == pytest.approx(4.0)


def test_elements_of_a_long_fold_are_opened_a_few_at_a_time(world, plan_of):
    here = world(behaviours={"web": seconds}, replicas=100)
    search = "use: web_search, query: $item, top_k: 1"
    words = [f"w{at}" for at in range(3 * FOLD_WINDOW)]
    here.submit(plan_of(page(FOLDED.replace("SEARCH", search))), {"words": words})
    here.run()
    assert here.record().status == "succeeded"
    events = here.store.events("local", "r1", limit=10_000)
    told = [e for e in events if e.kind == "primitive.finished" and e.data["op"] == "web_search"]
    assert len(told) == 3 * FOLD_WINDOW
    assert sum(e.at == told[0].at for e in told) == FOLD_WINDOW


def test_what_changes_something_outside_is_done_element_after_element(plan_of):
    step = """\
  s:
    fold: $inputs.words
    start: ""
    steps:
      made: {use: index, chunks: [{id: a, text: $item, meta: {}}]}
      said: {use: search, index: $made, query: $acc}
    outputs: {text: "$said.docs[0].text"}"""
    (structure,) = plan_of(page(step)).structures.values()
    assert (structure.kind, structure.width) == ("fold", 1)
