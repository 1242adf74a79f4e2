"""Inputs are declared once and applied to what every run is given."""

import pytest

from spec.inputs import check_inputs
from spec.load import load, read
from spec.model import Input
from spec.problems import SpecError
from spec.source import Source
from spec.types import Type
from spec.values import Member, Name, Slot, Text
from spec.vocabulary import Vocabulary

DECLARED = """
workflow: inputs
inputs:
  question: string
  top_k: {type: integer, default: 3, minimum: 1, maximum: 8, description: How many}
  files: {type: "file[]", maxItems: 2}
  note: string?
  by: {enum: [vector, lexical], default: vector}
  person:
    type: object
    properties: {name: {type: string, pattern: "^(a+)+$"}, age: {type: [integer, "null"]}}
    required: [name]
    default: {name: a}
  ratio: {type: [number, "null"], default: 0.5}
  lines: {type: array, items: {type: array, items: {type: string}}, default: []}
  anything: {default: null}
steps: {a: {use: value, value: 1}}
outputs: {x: $a}
"""


@pytest.fixture(scope="module")
def declared(vocabulary: Vocabulary) -> tuple[Input, ...]:
    return load(Source("inputs.yaml", DECLARED.encode(), "yaml"), vocabulary).inputs


def problems(inputs: tuple[Input, ...], given: dict[str, object]) -> list[tuple[str, str | None]]:
    with pytest.raises(SpecError) as error:
        check_inputs(inputs, given)
    return [(problem.code, problem.pointer) for problem in error.value.problems]


GIVEN = {"question": "why?", "files": [{"id": "f1"}, {"name": "a.txt", "text": "A"}]}


def test_a_declaration_says_type_need_and_schema(declared: tuple[Input, ...]):
    by_id = {input.id: input for input in declared}
    assert by_id["question"].required
    assert by_id["question"].schema == {}
    assert not by_id["note"].required
    assert by_id["note"].type == Type("string", optional=True)
    assert by_id["top_k"].description == "How many"
    assert by_id["top_k"].schema == {"type": "integer", "minimum": 1, "maximum": 8}
    assert by_id["files"].type == Type("file", lists=1)
    assert by_id["by"].type == Type("string")
    assert by_id["ratio"].type == Type("number", optional=True)
    assert by_id["lines"].type == Type("string", lists=2)
    assert (by_id["note"].origin.line, by_id["note"].origin.column) == (7, 3)


def test_defaults_are_filled_in(declared: tuple[Input, ...]):
    assert check_inputs(declared, GIVEN) == {
        **GIVEN,
        "top_k": 3,
        "note": None,
        "by": "vector",
        "person": {"name": "a"},
        "ratio": 0.5,
        "lines": [],
        "anything": None,
    }


def test_undeclared_and_missing_inputs_are_refused(declared: tuple[Input, ...]):
    assert problems(declared, {"other": "x", "files": []}) == [
        ("unknown-key", "/other"), ("missing-key", ""),
    ]  # fmt: skip


def test_an_input_that_is_misspelt_is_not_missing_too(declared: tuple[Input, ...]):
    assert problems(declared, {"qestion": "x", "files": []}) == [("unknown-key", "/qestion")]


@pytest.mark.parametrize(
    ("id", "value", "code"),
    [
        ("question", 1, "wrong-type"),
        ("question", None, "wrong-type"),
        ("top_k", "3", "wrong-type"),
        ("top_k", 3.0, "wrong-type"),
        ("top_k", True, "wrong-type"),
        ("top_k", 9, "bad-value"),
        ("by", "hybrid", "bad-value"),
        ("files", {"id": "f1"}, "wrong-type"),
        ("files", ["f1"], "wrong-type"),
        ("files", [{"id": 1}], "wrong-type"),
        ("files", [{"id": "a", "name": "b"}], "wrong-type"),
        ("files", [{"name": "a"}], "wrong-type"),
        ("files", [{"id": "a"}] * 3, "bad-value"),
        ("person", {"age": 3}, "missing-key"),
        ("person", {"name": 3}, "wrong-type"),
        ("person", {"name": "a" * 50_000 + "!"}, "bad-value"),
        ("lines", [["a"], [1]], "wrong-type"),
    ],
)
def test_an_input_of_another_type_is_refused(
    declared: tuple[Input, ...], id: str, value: object, code: str
):
    found = problems(declared, {**GIVEN, id: value})
    assert {code} == {found_code for found_code, _ in found}


def test_problems_stand_where_the_body_says(declared: tuple[Input, ...]):
    body = '{"workflow": "x",\n "inputs": {"question": "q", "files": [],\n  "top_k": "3"}}'
    tree = read(Source("body", body.encode(), "json"))
    with pytest.raises(SpecError) as error:
        check_inputs(declared, tree, at=("inputs",))
    (problem,) = error.value.problems
    assert (problem.pointer, problem.line, problem.column) == ("/inputs/top_k", 3, 12)


def test_inputs_that_are_no_object_are_refused(declared: tuple[Input, ...]):
    tree = read(Source("body", b"[1]", "json"))
    with pytest.raises(SpecError):
        check_inputs(declared, tree)


PROMPTING = """\
module: prompting
inputs: {{prompt: {{type: prompt, names: {{doc: doc}}, default: "{default}"}}}}
steps: {{s: {{use: llm, prompt: $inputs.prompt, names: {{doc: {{id: a, text: b, meta: {{}}}}}}}}}}
outputs: {{x: $s}}
"""


def test_the_default_of_a_prompt_is_text_over_its_own_names(module_vocabulary: Vocabulary):
    page = PROMPTING.format(default="About {{ doc.text }}")
    document = load(Source("p.yaml", page.encode(), "yaml"), module_vocabulary)
    assert document.inputs[0].otherwise == Text(("About ", Slot(Member(Name("doc"), "text"))))
    assert not document.inputs[0].required


@pytest.mark.parametrize(
    ("default", "code", "column"),
    [
        ("About {{ inputs.prompt }}", "unknown-reference", 78),
        ("About {{ doc.txt }}", "unknown-reference", 75),
        ("About {{ doc }}", "wrong-type", 71),
        ("About {{ doc.text", "bad-template", 68),
    ],
)
def test_what_is_wrong_in_it_is_told_where_it_stands(
    default: str, code: str, column: int, module_vocabulary: Vocabulary
):
    page = PROMPTING.format(default=default)
    with pytest.raises(SpecError) as refused:
        load(Source("p.yaml", page.encode(), "yaml"), module_vocabulary)
    (problem,) = refused.value.problems
    assert (problem.code, problem.line, problem.column) == (code, 2, column)


@pytest.mark.parametrize(
    ("keyword", "code"),
    [
        ("maximum: 1e999", "bad-value"),
        ("maximum: &x 3", "yaml-feature"),
        ("maximum: yes", "yaml-boolean"),
        ("allOf: &x {minimum: 1}", "yaml-feature"),
    ],
)
def test_a_keyword_that_was_refused_while_reading_is_held_against_no_default(
    keyword: str, code: str, vocabulary: Vocabulary
):
    page = DECLARED.replace("maximum: 8", keyword)
    with pytest.raises(SpecError) as refused:
        load(Source("inputs.yaml", page.encode(), "yaml"), vocabulary)
    assert [problem.code for problem in refused.value.problems] == [code]
