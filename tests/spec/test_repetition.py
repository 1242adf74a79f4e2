"""Loops multiply, and how often a body runs has a limit wherever the page says it."""

import json

import pytest

from spec.limits import LOOP_BODIES_MAX
from spec.load import load
from spec.problems import SpecError
from spec.source import Source
from spec.vocabulary import Vocabulary

TEXT = {"use": "text", "template": "x"}
BLOCK = {"steps": {"a": TEXT}, "outputs": {"x": "$a"}}
HUNDRED = {"for_each": "$range(100)"}


def page(step: dict[str, object]) -> Source:
    document = {
        "workflow": "one",
        "inputs": {"docs": "any[]", "n": "integer"},
        "steps": {"s": step},
        "outputs": {"x": 1},
    }
    return Source("one.json", json.dumps(document).encode(), "json")


def within(outer: dict[str, object], step: dict[str, object]) -> dict[str, object]:
    return {"steps": {"inner": step}, **outer}


def rounds(count: object) -> dict[str, object]:
    return {"loop": {"max": count, "start": {"n": 1}, "next": {"n": "$loop.n"}}}


@pytest.mark.parametrize(
    "step",
    [
        {**TEXT, "for_each": f"$range({LOOP_BODIES_MAX})"},
        {**TEXT, "for_each": [0] * LOOP_BODIES_MAX},
        {**TEXT, "for_each": "$inputs.docs"},
        {**TEXT, "for_each": "$range(inputs.n)"},
        {**TEXT, "for_each": "$range(0)"},
        within({"outputs": {"x": 1}, **HUNDRED}, {**TEXT, **HUNDRED}),
        within({"outputs": {"x": 1}, **HUNDRED}, {**BLOCK, "for_each": "$inputs.docs"}),
        within(rounds(100), {**TEXT, **HUNDRED}),
        within(rounds("$inputs.n"), {**TEXT, "for_each": f"$range({LOOP_BODIES_MAX})"}),
    ],
)
def test_bodies_that_run_often_enough_are_accepted(step: dict[str, object], vocabulary: Vocabulary):
    assert load(page(step), vocabulary).steps


@pytest.mark.parametrize(
    ("step", "pointer"),
    [
        ({**TEXT, "for_each": f"$range({LOOP_BODIES_MAX + 1})"}, "for_each"),
        ({**TEXT, "for_each": [0] * LOOP_BODIES_MAX + ["$inputs.n"]}, "for_each"),
        ({**TEXT, "for_each": f"$range({LOOP_BODIES_MAX}) + inputs.docs + [1]"}, "for_each"),
        ({**TEXT, "fold": f"$range({LOOP_BODIES_MAX + 1})", "start": ""}, "fold"),
        (
            {"use": "value", "value": "$items[0]", "reduce": f"$range({LOOP_BODIES_MAX + 1})"},
            "reduce",
        ),
        (
            within({"outputs": {"x": 1}, **HUNDRED}, {**TEXT, "for_each": "$range(101)"}),
            "steps/inner/for_each",
        ),
        (
            within({"outputs": {"x": 1}, "for_each": "$range(101)"}, within(rounds(100), TEXT)),
            "steps/inner/loop/max",
        ),
        (
            within(rounds(100), within({"outputs": {"x": 1}}, {**TEXT, "for_each": [0] * 101})),
            "steps/inner/steps/inner/for_each",
        ),
    ],
)
def test_a_body_that_would_run_too_often_is_refused_at_the_loop_that_makes_it_so(
    step: dict[str, object], pointer: str, vocabulary: Vocabulary
):
    with pytest.raises(SpecError) as refused:
        load(page(step), vocabulary)
    (problem,) = refused.value.problems
    assert (problem.code, problem.pointer) == ("too-large", f"/steps/s/{pointer}")
    assert "loop_bodies_max" in problem.detail
