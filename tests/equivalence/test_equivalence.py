"""The service gives what the plain run gives, byte for byte, whatever order things happen in."""

from collections import Counter
from random import Random

import pytest

from planner.available import is_available
from planner.passes.names import STAGES
from tests.equivalence.comparison import Comparison, Report
from tests.equivalence.service import (
    DROPPED,
    IN_PIECES,
    KEPT,
    ROW_BY_ROW,
    TAKEN_BACK,
    WHILE_IT_CAME,
    Settings,
)
from tests.interpreter.conftest import ACCEPTED_AT
from tests.interpreter.documents import workflow
from tests.interpreter.faults import Script
from tests.interpreter.interpreter import run
from tests.interpreter.scripted import Scripted
from tests.interpreter.shelf import ALIASES, Shelf
from tests.interpreter.test_golden import ACCEPTED, CALLER, EXAMPLES, given, stocked_for_golden

COUNT = 1_000
PARTS = 10
#: What is met in one of twenty workflows at the least.
COMMON = (
    "if taken", "if refused", "else", "for_each", "fold", "reduce", "loop", "block", "collect",
    "use", "after", "engine",
)  # fmt: skip
#: What is met at all.
RARE = (
    "fallback", "retry", "retry cured", "timeout", "on_error null", "on_error drop", "flow",
    "for_each of nothing", "fold of nothing", "reduce of nothing", "reduce group of one", "until",
)  # fmt: skip
#: Those beyond the first that once came to something else.
ONCE_DIFFERENT = (1725, 1829, 1915, 2741, 2891, 3231, 4893, 4945, 6100, 6313)
#: Those that once broke: hints of a list that was taken back were still waiting.
ONCE_BROKEN = (4927, 5623)
#: What gives a model tools cannot be run yet.
WAITS_FOR_TOOLS = ("research_agent",)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return Comparison()


@pytest.fixture(scope="module")
def reports(comparison: Comparison) -> dict[int, Report]:
    return {}


@pytest.mark.parametrize("part", range(PARTS))
def test_made_up_workflows_come_to_the_same(comparison, reports, part):
    first, size = part * COUNT // PARTS, COUNT // PARTS
    reports[part] = comparison.report(range(first, first + size))
    assert reports[part].differences == []


def test_what_once_came_to_something_else_does_no_more(comparison):
    assert comparison.report(ONCE_DIFFERENT, twins=False, judges=False).differences == []


def test_what_once_broke_does_no_more(comparison):
    assert comparison.report(ONCE_BROKEN, seeds=3).differences == []


def test_every_construct_was_met(reports):
    if len(reports) < PARTS:
        pytest.fail("the workflows were not compared")
    fired = sum((report.fired for report in reports.values()), Counter[str]())
    compared = sum(report.counts["plainly succeeded"] for report in reports.values())
    assert compared > COUNT // 2
    assert [name for name in COMMON if fired[name] < COUNT / 20] == []
    assert [name for name in RARE if not fired[name]] == []
    assert sum(report.counts["planned under load"] for report in reports.values()) > COUNT / 20
    passes = sum((report.passes for report in reports.values()), Counter[str]())
    assert passes[WHILE_IT_CAME] >= COUNT / 20
    assert passes[ROW_BY_ROW] >= COUNT / 100
    assert passes[TAKEN_BACK] > 0
    assert sum(report.counts["decided by time"] for report in reports.values()) <= COUNT / 100
    assert passes[STAGES] >= COUNT / 10
    assert passes[IN_PIECES] >= COUNT / 20
    assert passes[KEPT] + passes[DROPPED] >= compared / 10
    assert min(passes[KEPT], passes[DROPPED]) > 0


def available(comparison, number):
    """Return the workflow with this number, or the next in steps of a dozen that can be run."""
    made = workflow(Random(number))
    document = comparison.shelf.load(made.page)
    if is_available(document, comparison.later):
        return made, document
    return available(comparison, number + 12)


@pytest.mark.parametrize("number", range(12))
def test_neither_seeds_nor_policies_nor_batches_show(comparison, number):
    made, document = available(comparison, number)
    script = Script()
    library = comparison.library
    plain = run(document, made.inputs, library, Scripted(script, ALIASES), ACCEPTED_AT)
    for seed, policy, rows in ((1, "fifo", 1), (2, "throughput", 3), (3, "throughput", 64)):
        settings = Settings(seed, policy, rows, replicas=seed)
        found = comparison.differences(document, made.inputs, script, plain, settings)
        assert list(found) == []


@pytest.mark.parametrize("path", [*ACCEPTED, *EXAMPLES], ids=lambda path: path.stem)
def test_every_accepted_document_and_every_example_comes_to_the_same(path):
    shelf, page = stocked_for_golden(Shelf.standard()), path.read_text("utf-8")
    if page.startswith("module:"):
        shelf, page = shelf.with_module(page), CALLER
    inputs = given(page, shelf, path.stem)
    here = Comparison(shelf)
    document, script = shelf.load(page), Script()
    if path.stem in WAITS_FOR_TOOLS:
        assert not is_available(document, here.later)
        return
    plain = run(document, inputs, here.library, Scripted(script, ALIASES), ACCEPTED_AT)
    assert list(here.differences(document, inputs, script, plain, Settings(seed=1))) == []
