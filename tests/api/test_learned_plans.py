"""Plans are kept while nothing new is known of the engines, and made anew when something is."""

from dataclasses import replace

import pytest

from api.library import Library
from api.plans import Plans
from api.shipped import workflows_folder
from executors.store.workflows import Workflows
from planner.costs import BatchCosts
from planner.graph import PoolName
from planner.pools import PoolFacts, Pools
from planner.registry import Registry
from spec.source import Source
from tests.executors.conftest import KINDS, raised

PAGE = b"""
workflow: w
inputs: {text: string}
steps:
  chunks: {use: chunk, text: $inputs.text}
  index: {use: index, chunks: $chunks.items}
  hits: {use: search, index: $index, query: $inputs.text}
outputs: {docs: $hits.docs}
"""
EMBEDDING = PoolName("embedding")


class Lessons:
    """Knows as much as it was told."""

    def __init__(self):
        self.costs = []

    def version(self):
        return len(self.costs)

    def known(self, pools):
        if not self.costs:
            return pools
        fact = replace(pools.fact(EMBEDDING), costs={"embed": self.costs[-1]})
        return replace(pools, facts={**pools.facts, EMBEDDING: fact})


@pytest.fixture
def library():
    lessons = Lessons()
    facts = dict.fromkeys(KINDS, PoolFacts(rows_max=64))
    pools = Pools(KINDS, {kind: name for name, kind in KINDS.items()}, facts)
    registry = Registry.from_folder(workflows_folder() / "modules", frozenset(KINDS))
    made = Library(registry, pools, Workflows(), raised, Plans(10, 1 << 20), learned=lessons)
    return made, lessons


def planned(library):
    return library.open_text("local", Source("w.yaml", PAGE, "yaml")).plan


def test_a_plan_is_kept_until_costs_are_made_known_anew(library):
    made, lessons = library
    first = planned(made)
    assert planned(made) is first
    lessons.costs.append(BatchCosts(400.0, 1.0))
    second = planned(made)
    assert second is not first
    assert planned(made) is second


def test_pieces_are_as_large_as_the_costs_that_were_learned_say(library):
    made, lessons = library
    sizes = []
    for fixed_ms in (1.0, 400.0):
        lessons.costs.append(BatchCosts(fixed_ms, 1.0))
        (stages,) = [each for each in planned(made).structures.values() if each.kind == "stages"]
        sizes.append(stages.pair.sizing.of(500).size)
    assert sizes[0] < sizes[1]
