"""What each pass makes of a workflow, and of what is opened of it: one golden file a pass.

`before` is what the pass gets where nothing but `prune_dependencies` was made before it, on engines
that can do all that a pass may rely on. `TEOLA_GOLDEN=write` writes the files anew.
"""

from pathlib import Path

import pytest

from planner.draft import Draft
from planner.expand import make_plan
from planner.graph import PoolName
from planner.passes.names import COMMON, DECODING, NAMES, PREFILL, PRUNE, SPECULATE, STAGES
from planner.passes.pipeline import PASSES
from planner.passes.prune_dependencies import prune_dependencies
from planner.pools import PoolFacts, Pools
from planner.render import listing
from planner.sketch import sketch
from planner.structure import Child, Shape
from planner.unfold import close, open_child
from spec.load import load
from tests.golden import assert_golden
from tests.planner.conftest import KINDS, MODULES, POOLS

ROOT = MODULES.parents[1]
GOLDEN = Path(__file__).parent / "golden"
RAG = MODULES.parent / "examples/advanced_rag.yaml"
PAGES = {
    PRUNE: RAG,
    COMMON: GOLDEN / "eliminate_common.yaml",
    STAGES: RAG,
    PREFILL: RAG,
    DECODING: RAG,
    SPECULATE: GOLDEN / "speculate.yaml",
}
#: What of the rewritten plan is opened, too: how many rows or elements there are.
OPENED = {
    STAGES: {"index.stored:stages": 10, "best.scored:stages": 30},
    PREFILL: {"answer.answer:fold": 2},
}
ABLE = PoolFacts(
    deterministic=True, streams=True, warms=True, pointwise=True, replicas=2, rows_max=4
)


@pytest.fixture
def rewritten(registry, read):
    """Return what a pass gets and makes of its page, and the plan of that."""

    def build(name):
        seen = {}

        def watch(made_by, before, after):
            if before.whole:
                seen[made_by] = before, after

        document = load(read(PAGES[name].read_text("utf-8")), registry.vocabulary())
        pools = Pools(KINDS, POOLS.default, {PoolName(kind): ABLE for kind in KINDS})
        passes = frozenset({PRUNE, name})
        plan = make_plan(document, registry.modules, pools, passes=passes, watch=watch)
        return *seen[name], plan

    return build


@pytest.mark.parametrize("name", NAMES)
def test_a_pass_makes_of_its_page_what_is_written(name, rewritten):
    before, after, plan = rewritten(name)
    page = PAGES[name].relative_to(ROOT)
    told = [f"{page}", "", "before", listing(before), "", "after", listing(after)]
    for opening, count in OPENED.get(name, {}).items():
        told += ["", f"{opening}, of {count}", *opened(plan, plan.structures[opening], count)]
    assert_golden(GOLDEN / f"{name}.txt", "\n".join(told) + "\n")


@pytest.mark.parametrize("name", NAMES)
def test_made_twice_a_pass_changes_nothing_more(name, rewritten):
    """What is told of a pass is whether it gave another draft: it hands back what it got."""
    before, after, plan = rewritten(name)
    assert after != before
    again = PASSES[name](after, plan.library)
    assert again == after
    assert (again is after) == (name != DECODING)  # this one notes the same once more


IDLE = """
module: idle
inputs: {question: string, questions: "string[]", flag: boolean}
steps:
  read: {op: prefill, prompt: "About: {{ inputs.question }}"}
  said: {op: decode, call: $read.call}
  each: {for_each: $inputs.questions, op: embed, texts: [$item, $said.text]}
  maybe: {if: $inputs.flag, op: chunk, text: $inputs.question}
outputs: {text: $said.text}
"""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("able", [{}, dict.fromkeys(KINDS, ABLE)], ids=["unable", "able"])
def test_where_nothing_is_to_be_done_a_pass_hands_back_what_it_got(name, able):
    draft, library = sketch(IDLE, **able)
    draft = prune_dependencies(draft, library)
    done = PASSES[name](draft, library)
    if able and name == PREFILL:  # its elements wait for what is said
        assert [each.later for each in done.structures] == [frozenset({"said"}), frozenset()]
    else:
        assert done is draft


def opened(plan, structure, count):
    """Yield what a structure opens for `count` rows or elements, and what closes it."""
    shape = Shape(count=count)
    stages = structure.kind == "stages"
    for index in range(structure.pair.sizing.of(count).number if stages else count):
        yield made(open_child(structure, Child(index), shape, plan.library, {}))
    yield made(close(structure, count, shape, plan.library))


def made(delta):
    return listing(Draft(delta.primitives, delta.structures, delta.regions, frozenset()))
