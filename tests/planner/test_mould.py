"""Children made in a mould are those that opening each for itself gives."""

from collections.abc import Iterator
from random import Random

import pytest

from planner.mould import OPENED_BEFORE, SAMPLES, Mould
from planner.plan import Plan
from planner.structure import ELEMENTS_MAX, Child, Delta, Shape, Structure
from planner.unfold import open_alone, open_child
from tests.equivalence.service import plan_of as open_document
from tests.interpreter.callees import stocked
from tests.interpreter.documents import workflow
from tests.interpreter.shelf import Shelf

CHILDREN = 6
SHAPE = Shape(count=CHILDREN)
HEAD = "workflow: alike\ninputs: {words: 'string[]', a: string, b: string}\nsteps:\n"


@pytest.fixture(scope="module")
def shelf():
    return stocked(Shelf.standard())


@pytest.fixture
def only(plan_of):
    """Return the plan of one step, and the structure that it is."""

    def build(step: str, outputs: str = "{x: $s}") -> tuple[Plan, Structure]:
        plan = plan_of(f"{HEAD}  s: {step}\noutputs: {outputs}\n")
        (structure,) = plan.structures.values()
        return plan, structure

    return build


def alone(structure: Structure, plan: Plan, index: int) -> Delta:
    return open_alone(structure, Child(index), SHAPE, plan.library, plan.feeds)


def in_turn(structure: Structure, plan: Plan, index: int) -> Delta:
    return open_child(structure, Child(index), SHAPE, plan.library, plan.feeds)


def over_lists(plan: Plan, structures, depth: int = 0) -> Iterator[Structure]:
    """Yield every `for_each`, those inside of a first child too."""
    for each in structures:
        if each.kind == "for_each":
            yield each
            if depth < 2:
                yield from over_lists(plan, alone(each, plan, 0).structures, depth + 1)


@pytest.mark.parametrize("part", range(10))
def test_children_of_made_up_workflows_are_as_if_opened_alone(shelf, part):
    met = 0
    for number in range(part * 30, part * 30 + 30):
        plan = open_document(shelf.load(workflow(Random(number)).page), shelf.library())
        for structure in over_lists(plan, plan.structures.values()):
            for index in range(CHILDREN):
                assert in_turn(structure, plan, index) == alone(structure, plan, index)
            met += 1
    assert met > 5


@pytest.mark.parametrize(
    "step",
    [
        "{for_each: $inputs.words, use: llm, prompt: '{{ item }}, {{ position }}'}",
        "{for_each: $inputs.words, if: $position > 0, retry: 2, use: llm, prompt: '{{ item }}'}",
        "{for_each: $inputs.words, use: synthesize.refine, docs: [], prompt: '{{ item }}'}",
        "{for_each: $inputs.words, on_error: drop, cache: 1d, use: llm, prompt: '{{ item }}'}",
    ],
)
def test_a_mould_asks_for_no_child_any_more_once_it_is_made(only, step):
    plan, structure = only(step)
    asked = []

    def opening(index: int) -> Delta:
        asked.append(index)
        return alone(structure, plan, index)

    mould: Mould[Delta] = Mould()
    made = [mould.child("s", index, opening) for index in range(50)]
    assert len(asked) == OPENED_BEFORE + len(SAMPLES)
    assert made == [alone(structure, plan, index) for index in range(50)]


def test_there_is_none_where_the_number_picks_what_is_known(only):
    plan, structure = only(
        "{for_each: $inputs.words, use: value, value: '$[inputs.a, inputs.b][position]'}"
    )
    asked = []

    def opening(index: int) -> Delta:
        asked.append(index)
        return alone(structure, plan, index)

    mould: Mould[Delta] = Mould()
    made = [mould.child("s", index, opening) for index in range(10)]
    assert set(range(10)) <= set(asked)
    assert made == [alone(structure, plan, index) for index in range(10)]


def test_copies_have_moulds_of_their_own(only):
    plan, structure = only(
        "{for_each: $inputs.words, steps: {t: {for_each: $inputs.words, use: text, "
        "template: '{{ item }}'}}, outputs: {x: $t.text}}"
    )
    inner = [in_turn(structure, plan, index).structures[0] for index in range(CHILDREN)]
    assert len({id(each.mould) for each in inner}) == CHILDREN


def test_no_list_reaches_the_samples():
    assert min(SAMPLES) > ELEMENTS_MAX
    assert len({len(str(number)) for number in SAMPLES}) == 1
