"""A module may go over a list with an operation itself, with no module between."""

import pytest

from planner.expand import make_plan
from planner.passes.names import DEFAULT, NONE
from spec.load import load
from spec.source import Source
from tests.executors.conftest import POOLS

MODULE = """
module: over
inputs: {texts: "string[]"}
steps:
  each: {for_each: $inputs.texts, op: chunk, text: $item}
  one: {fold: $inputs.texts, start: [], op: chunk, text: $item}
outputs: {each: $each.items, one: $one.items}
"""
PAGE = """
workflow: w
inputs: {texts: "string[]"}
steps: {a: {use: over, texts: $inputs.texts}}
outputs: {each: $a.each, one: $a.one}
"""


@pytest.mark.parametrize("passes", [NONE, DEFAULT], ids=["plain", "rewritten"])
def test_an_operation_is_done_for_each_element_of_a_list(world, registry, passes):
    modules = registry.with_module(Source("over", MODULE.encode(), "yaml"))
    document = load(Source("w", PAGE.encode(), "yaml"), modules.vocabulary())
    here = world()
    texts = [f"text {number}" for number in range(9)]
    here.submit(make_plan(document, modules.modules, POOLS, passes=passes), {"texts": texts})
    here.run()
    assert here.record().status == "succeeded", here.record().problem
    found = here.record().outputs
    assert [[doc["text"] for doc in docs] for docs in found["each"]] == [[each] for each in texts]
    assert [doc["text"] for doc in found["one"]] == texts[-1:]
