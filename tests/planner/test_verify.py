"""The laws of a graph, each broken once."""

from dataclasses import replace

import pytest

from planner.errors import IllegalGraph
from planner.graph import Graph, Output
from planner.verify import verify
from spec.values import Literal, Name

ONE = """
workflow: w
inputs: {q: string}
steps: {one: {use: llm, prompt: $inputs.q}, two: {use: text, template: "{{ one.text }}"}}
outputs: {text: $two.text}
"""
KINDS = {name: name for name in ("inline", "embedding", "vector", "llm")}


def changed(graph, id, **changes):
    return Graph.of(replace(p, **changes) if p.id == id else p for p in graph)


@pytest.mark.parametrize(
    ("id", "changes", "problem"),
    [
        ("two.filled", {"op": "fly"}, "unknown op 'fly'"),
        ("two.filled", {"pool": "llm"}, "does not run inline work"),
        ("two.filled", {"params": {}}, "input 'template' is missing"),
        (
            "two.filled",
            {"params": {"template": Literal(""), "x": Literal(1)}},
            "'x' is not an input",
        ),
        ("two.filled", {"params": {"template": Output("gone", "text")}}, "reads unknown 'gone'"),
        (
            "two.filled",
            {"params": {"template": Output("one.decode", "smell")}},
            "reads unknown port 'smell'",
        ),
        ("two.filled", {"params": {"template": Name("lost")}}, "what 'lost' stands for"),
        (
            "two.filled",
            {"params": {"template": Output("one.prefill", "call")}},
            "no value but a call",
        ),
        ("two.filled", {"after": frozenset({"gone"})}, "waits for unknown 'gone'"),
        ("two.filled", {"call": "one.prefill"}, "cannot continue a call"),
        ("one.decode", {"call": None}, "must continue a prefill"),
        ("one.prefill", {"after": frozenset({"two.filled"})}, "in a circle"),
    ],
)
def test_a_graph_that_breaks_a_law_is_refused_by_name(plan_of, id, changes, problem):
    graph = changed(plan_of(ONE).graph, id, **changes)
    with pytest.raises(IllegalGraph, match=problem) as error:
        verify(graph, "a test", KINDS)
    assert error.value.made_by == "a test"


def test_what_expansion_makes_is_legal(plan_of):
    verify(plan_of(ONE).graph, "expand", KINDS)


def test_a_call_that_waits_for_what_waits_for_its_head_is_a_circle(plan_of):
    graph = changed(plan_of(ONE).graph, "two.filled", params={"template": Literal("x")})
    graph = changed(graph, "two.filled", after=frozenset({"one.prefill"}))
    graph = changed(graph, "one.decode", after=frozenset({"two.filled"}))
    with pytest.raises(IllegalGraph, match="in a circle"):
        verify(graph, "a test", KINDS)


def test_a_call_is_continued_once(plan_of):
    graph = plan_of(ONE).graph
    again = replace(graph["one.decode"], id="again")
    with pytest.raises(IllegalGraph, match="continued 2 times"):
        verify(Graph.of([*graph, again]), "a test", KINDS)
