"""Made-up workflows: every one is valid and runs, and all constructs are met often."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings

from spec.data import mismatches
from spec.types import Type
from tests.interpreter.callees import stocked
from tests.interpreter.conftest import plainly_on
from tests.interpreter.documents import Workflow, workflow, workflows
from tests.interpreter.faults import Script
from tests.interpreter.outcome import Outcome
from tests.interpreter.ports import PORTS
from tests.interpreter.shelf import Shelf

COUNT = 300
OFTEN = {
    "if taken": 0.4, "if refused": 0.35, "else": 0.2, "for_each": 0.6, "for_each element": 0.5,
    "for_each of nothing": 0.2, "on_error null": 0.02, "on_error drop": 0.01, "collect": 0.2,
    "fold": 0.4, "fold element": 0.35, "fold of nothing": 0.1, "reduce": 0.4, "reduce group": 0.25,
    "reduce group of one": 0.1, "reduce of nothing": 0.08, "loop": 0.3, "round": 0.3, "until": 0.15,
    "retry": 0.03, "retry cured": 0.02, "timeout": 0.01, "fallback": 0.05, "cache": 0.2,
    "engine": 0.2, "after": 0.2, "block": 0.4, "use": 0.9, "flow": 0.05,
}  # fmt: skip


@pytest.fixture(scope="module")
def full_shelf(shelf: Shelf) -> Shelf:
    """Return a shelf with all that made-up workflows call."""
    return stocked(shelf)


def ran(shelf: Shelf, made: Workflow, seed: int) -> Outcome:
    """Run a made-up workflow on engines that fail now and then."""
    script = Script(seed=seed, transient=0.04, permanent=0.01, slow=0.02)
    return plainly_on(shelf, made.page, made.inputs, script)


@pytest.fixture(scope="module")
def outcomes(full_shelf: Shelf) -> list[Outcome]:
    """Return what some hundred made-up workflows come to."""
    return [ran(full_shelf, workflow(Random(seed)), seed) for seed in range(COUNT)]


def shares(outcomes: list[Outcome]) -> dict[str, float]:
    """Return in which share of the runs each construct was met."""
    met = Counter(name for each in outcomes for name, times in each.fired.items() if times)
    return {name: met[name] / len(outcomes) for name in (*OFTEN, *(f"op {op}" for op in PORTS))}


def test_every_construct_is_met_in_a_good_share_of_them(outcomes: list[Outcome]):
    found = shares(outcomes)
    rare = {name: found[name] for name, least in OFTEN.items() if found[name] < least}
    assert rare == {}


def test_every_primitive_is_met_in_a_good_share_of_them(outcomes: list[Outcome]):
    found = shares(outcomes)
    assert {op: found[f"op {op}"] for op in PORTS if found[f"op {op}"] < 0.04} == {}


def test_most_of_them_succeed_and_some_fail(outcomes: list[Outcome]):
    succeeded = sum(each.status == "succeeded" for each in outcomes)
    assert 0.6 * COUNT < succeeded < 0.95 * COUNT


def test_whatever_fails_names_a_line(outcomes: list[Outcome]):
    failures = [each.failure for each in outcomes if each.failure]
    assert all(each.place.origin is not None for each in failures)


def test_a_run_gives_just_the_declared_outputs(outcomes: list[Outcome]):
    for seed, outcome in enumerate(outcomes):
        if outcome.outputs is not None:
            assert list(outcome.outputs) == list(workflow(Random(seed)).page["outputs"])


def test_their_lists_are_empty_short_and_long():
    lengths = {len(workflow(Random(seed)).inputs["docs"]) for seed in range(COUNT)}
    assert {0, 1, 50} <= lengths


def test_equal_seeds_make_equal_workflows():
    assert workflow(Random(7)) == workflow(Random(7))


@settings(max_examples=40, deadline=None)
@given(made=workflows())
def test_whatever_is_drawn_is_valid_and_runs_the_same_twice(full_shelf: Shelf, made: Workflow):
    assert ran(full_shelf, made, 1) == ran(full_shelf, made, 1)


@settings(max_examples=40, deadline=None)
@given(made=workflows())
def test_the_order_of_steps_in_the_file_changes_no_output(full_shelf: Shelf, made: Workflow):
    steps = dict(reversed(made.page["steps"].items()))
    turned = plainly_on(full_shelf, {**made.page, "steps": steps}, made.inputs)
    assert turned.outputs == plainly_on(full_shelf, made.page, made.inputs).outputs


def test_docs_that_are_given_are_docs():
    for seed in range(20):
        docs = workflow(Random(seed)).inputs["docs"]
        assert not list(mismatches(docs, Type("doc", lists=1)))
