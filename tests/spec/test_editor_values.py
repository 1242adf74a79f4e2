"""Whatever may be written where an input is wanted, an editor lets through."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from spec.editor_inputs import declaration
from spec.editor_values import records, taken
from spec.limits import PROBLEMS_MAX
from spec.load import load
from spec.problems import SpecError
from spec.source import Source
from spec.vocabulary import Signature, Vocabulary
from tests.spec.conftest import ops
from tests.spec.editor_pages import checked

DECLARED = (
    "string", "integer", "number", "boolean", "object", "any", "file", "doc", "message", "index",
    "prompt", "schema", "string?", "doc[]", "integer[][]", "any[]", "number[]?", "message[]",
    "{type: integer, minimum: 1, maximum: 5}", '{type: "number?", exclusiveMinimum: 0}',
    "{enum: [a, b]}", '{type: "string?", enum: [a, b], default: a}', "{const: a}",
    "{type: integer, enum: [1, 2]}", "{type: string, minLength: 2, maxLength: 3, pattern: a}",
    "{type: [string, integer], maximum: 3}", "{type: array, items: {type: integer}, maxItems: 1}",
    "{type: object, properties: {a: {type: integer}}, required: [a], additionalProperties: false}",
    "{anyOf: [{type: integer}, {type: string}]}", "{type: integer, not: {const: 3}}",
)  # fmt: skip
SCALARS = (
    None, True, -1, 0, 1, 2, 3, 6, 0.5, 2.0, "", "a", "ab", "é😀é", "$inputs.s", "$inputs.n",
    "$inputs.a", "$inputs.l", "$inputs.d", "$1", "$'a'", "$null", "$[1, 2]", "$index", "$$a",
    "{{ inputs.s }}", "{{ inputs.n }} a", "{{{{", "$nothing", "{{",
)  # fmt: skip
WRITTEN = (
    [], {}, ["a"], ["$inputs.s", "a"], [1], [1, 2, "$inputs.n"], [[1], "$range(3)"], ["$inputs.d"],
    {"a": 1}, {"a": "$inputs.n"}, {"id": "a", "text": "$inputs.s", "meta": {}},
    [{"id": "a", "text": "{{ inputs.s }}", "meta": {"a": 1}, "score": 0.5}],
    {"a": "string?", "b": {"enum": ["a"]}, "c": {"type": "doc[]"}}, {"a": "strin"},
    {"id": "a"}, {"name": "a", "text": "b"}, {"role": "user", "content": "{{ inputs.s }}"},
    [{"role": "user", "content": "a", "tool_calls": None}],
)  # fmt: skip
_KEYS = st.sampled_from(["a", "id", "text", "meta", "role", "content", "name"])
VALUES = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_KEYS, inner, max_size=4)
        | st.fixed_dictionaries({"id": inner, "text": inner, "meta": st.just({})})
        | st.fixed_dictionaries({"role": inner, "content": inner})
    ),
    max_leaves=6,
)


def probes() -> Vocabulary:
    """A module for each way to declare an input, which it calls `x`; and one that gives an index"""
    known = Vocabulary(ops=ops())
    pages = {"index": "module: i\nsteps: {p: {op: ingest}}\noutputs: {index: $p}"}
    for number, declared in enumerate(DECLARED):
        input = declared if declared.startswith("{") else json.dumps(declared)
        steps = "steps: {f: {op: format, template: x}}\noutputs: {y: $f}"
        pages[f"probe{number}"] = f"module: m\ninputs: {{x: {input}}}\n{steps}"
    found = {name: checked(page, known) for name, page in pages.items()}
    return Vocabulary(modules={name: Signature.of(found[name]) for name in pages})


PROBES = probes()
DEFINITIONS = records() | {"workflow_input": declaration(in_module=False)}
PROBED = {
    name: Draft7Validator({**taken(input.type, input.schema), "definitions": DEFINITIONS})
    for name, module in PROBES.modules.items()
    for input in module.inputs.values()
}


def page(value: Any) -> dict[str, Any]:
    """A page with a step for each probe, all of them given `value`."""
    inputs = {"s": "string", "n": "integer", "a": "any", "l": "string[]", "d": "doc"}
    steps = {name: {"use": name, "x": value} for name in PROBED}
    index = {"index": {"use": "index"}}
    return {"workflow": "w", "inputs": inputs, "steps": index | steps, "outputs": {"y": 1}}


def refused_by_the_checker(value: Any) -> set[str]:
    try:
        load(Source("page", json.dumps(page(value)).encode(), "json"), PROBES)
    except SpecError as error:
        if len(error.problems) >= PROBLEMS_MAX:  # some steps have not been looked at
            return set(PROBED)
        return {str(problem.pointer).split("/")[2] for problem in error.problems}
    return set()


def refused_by_an_editor(value: Any) -> set[str]:
    return {name for name, validator in PROBED.items() if not validator.is_valid(value)}


def test_every_probe_is_let_through_with_some_value():
    assert set.intersection(*map(refused_by_the_checker, [*SCALARS, *WRITTEN])) == set()


@pytest.mark.parametrize("value", [*SCALARS, *WRITTEN])
def test_a_value_that_the_checker_lets_through_an_editor_does(value: Any):
    assert refused_by_an_editor(value) <= refused_by_the_checker(value)


@given(VALUES)
@settings(max_examples=200, deadline=None)
def test_whatever_the_checker_lets_through_an_editor_does(value: Any):
    assert refused_by_an_editor(value) <= refused_by_the_checker(value)
