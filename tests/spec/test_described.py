"""Schemas of replies: read into one JSON Schema, and what a step gives is typed by it."""

import pytest

from spec.load import load
from spec.model import Document
from spec.problems import SpecError
from spec.schema_refusals import refusals
from spec.source import Source
from spec.values import Literal
from spec.vocabulary import Signature, Vocabulary

PAGE = """\
workflow: page
inputs: {{q: string, docs: "doc[]"}}
steps:
  judge: {{use: llm.json, prompt: "{{{{ inputs.q }}}}", schema: {schema}}}
  use: {{use: value, value: {value}}}
outputs: {{x: $use}}
"""


def loaded(vocabulary: Vocabulary, schema: str, value: str = "1") -> Document:
    text = PAGE.format(schema=schema, value=value)
    return load(Source("page.yaml", text.encode(), "yaml"), vocabulary)


def schema_of(document: Document) -> object:
    (given,) = [each for each in document.steps[0].parameters if each.name == "schema"]
    assert isinstance(given.value, Literal)
    return given.value.value


def problems(vocabulary: Vocabulary, schema: str, value: str = "1") -> list[tuple[str, str | None]]:
    with pytest.raises(SpecError) as caught:
        loaded(vocabulary, schema, value)
    return [(problem.code, problem.pointer) for problem in caught.value.problems]


def test_fields_become_the_properties_of_an_object(vocabulary: Vocabulary):
    written = (
        '{label: {enum: [a, b]}, reason: "string?", tags: "string[]", '
        "score: {type: number, minimum: 0, description: How sure.}, rest: any}"
    )
    assert schema_of(loaded(vocabulary, written)) == {
        "type": "object",
        "properties": {
            "label": {"type": "string", "enum": ["a", "b"]},
            "reason": {"type": ["string", "null"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "score": {"type": "number", "minimum": 0, "description": "How sure."},
            "rest": {},
        },
        "required": ["label", "tags", "score", "rest"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("word", "schema"),
    [
        ("integer", {"type": "integer"}),
        ("boolean?", {"type": ["boolean", "null"]}),
        ("number[][]", {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}),
        ("object[]?", {"type": ["array", "null"], "items": {"type": "object"}}),
        ("any?", {}),
    ],
)
def test_a_type_word_is_a_schema(word: str, schema: object, vocabulary: Vocabulary):
    found = schema_of(loaded(vocabulary, f'{{x: "{word}"}}'))
    assert found["properties"]["x"] == schema
    assert found["required"] == ([] if word.endswith("?") else ["x"])


def test_null_is_among_the_choices_of_a_field_that_may_be_left_out(vocabulary: Vocabulary):
    found = schema_of(loaded(vocabulary, '{x: {type: "string?", enum: [a]}}'))
    assert found["properties"]["x"] == {"type": ["string", "null"], "enum": ["a", None]}


@pytest.mark.parametrize(
    ("value", "type"),
    [
        ("$judge.value.sure", "boolean"),
        ("$judge.value.tags[0]", "string"),
        ("$judge.value.why", "string?"),
        ("$judge.value.inner.n", "integer"),
        ("$judge.value.inner", "object"),
    ],
)
def test_what_a_step_gives_is_what_its_schema_says(value: str, type: str, vocabulary: Vocabulary):
    schema = (
        '{sure: boolean, tags: "string[]", why: "string?", '
        "inner: {type: object, properties: {n: {type: integer}}, required: [n]}}"
    )
    document = loaded(vocabulary, schema, f'"{value}"')
    assert str(document.outputs[0].type) == type


def test_a_field_that_the_schema_does_not_have_is_found_at_submit(vocabulary: Vocabulary):
    with pytest.raises(SpecError) as caught:
        loaded(vocabulary, "{sure: boolean, query: string}", "$judge.value.qery")
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.column) == ("unknown-reference", 5, 41)
    assert problem.hint == "query"


def test_items_are_texts_or_what_the_schema_of_one_says(vocabulary: Vocabulary):
    page = """\
workflow: page
steps:
  plain: {use: llm.list, prompt: Three colours}
  rows: {use: llm.list, prompt: Three colours, schema: {name: string, hex: "string?"}}
outputs:
  texts: $plain.items
  rows: $rows.items
  name: $rows.items[0].name
  hex: $rows.items[0].hex
"""
    document = load(Source("page.yaml", page.encode(), "yaml"), vocabulary)
    types = {output.id: str(output.type) for output in document.outputs}
    assert types == {"texts": "string[]", "rows": "object[]", "name": "string", "hex": "string?"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("{x: strin}", [("bad-value", "/steps/judge/schema/x")]),
        ("{x: {type: strin}}", [("bad-value", "/steps/judge/schema/x/type")]),
        ("{x: {typ: string}}", [("unknown-key", "/steps/judge/schema/x/typ")]),
        ("{x: 3, y: [string]}",
         [("wrong-type", "/steps/judge/schema/x"), ("wrong-type", "/steps/judge/schema/y")]),
        ("{x: index}", [("bad-value", "/steps/judge/schema/x")]),
        ('{x: "secret[]"}', [("bad-value", "/steps/judge/schema/x")]),
        ("string", [("wrong-type", "/steps/judge/schema")]),
        ("[string]", [("wrong-type", "/steps/judge/schema")]),
        ("$inputs.q", [("wrong-type", "/steps/judge/schema")]),
    ],
)  # fmt: skip
def test_what_is_no_schema_is_told_where_it_stands(
    schema: str, expected: object, vocabulary: Vocabulary
):
    assert problems(vocabulary, schema) == expected


def test_a_reference_in_a_field_still_leads_where_it_led(vocabulary: Vocabulary):
    field = '{$defs: {n: {type: integer}}, type: array, items: {$ref: "#/$defs/n"}}'
    found = schema_of(loaded(vocabulary, f"{{a b: {field}, x: any}}"))
    assert found["properties"]["a b"]["items"] == {"$ref": "#/properties/a%20b/$defs/n"}
    assert list(refusals(found, {"a b": ["x"], "x": 1}))
    assert not list(refusals(found, {"a b": [1], "x": 1}))


def test_fields_are_held_to_the_limits_of_one_schema_together(vocabulary: Vocabulary):
    fields = ", ".join(f"f{n}: {{enum: [{'x' * 3000}]}}" for n in range(12))
    assert problems(vocabulary, f"{{{fields}}}") == [("too-large", "/steps/judge/schema")]
    deep = "{items: " * 14 + "{}" + "}" * 14
    (place,) = problems(vocabulary, f"{{x: {deep}}}")
    assert place == ("too-large", "/steps/judge/schema/x" + "/items" * 14)


def test_after_a_problem_in_a_schema_nothing_follows_from_it(vocabulary: Vocabulary):
    found = problems(vocabulary, "{x: strin, y: string}", "$judge.value.nothing")
    assert found == [("bad-value", "/steps/judge/schema/x")]


MODULE = """\
module: judge
inputs: {{question: string, fields: schema, first: any}}
steps:
  asked: {{use: llm.json, prompt: "{{{{ inputs.question }}}}", schema: $inputs.fields{more}}}
  kept: {{use: value, value: $inputs.first}}
outputs: {{found: {found}, kept: $kept.value}}
"""


def caller(vocabulary: Vocabulary, more: str = "", found: str = "$asked.value") -> Vocabulary:
    page = MODULE.format(more=more, found=found)
    module = load(Source("judge.yaml", page.encode(), "yaml"), vocabulary)
    return Vocabulary(modules={**vocabulary.modules, "judge": Signature.of(module)})


USER = """\
workflow: page
inputs: {docs: "doc[]"}
steps:
  j: {use: judge, question: q, fields: {n: integer}, first: $inputs.docs}
outputs: {n: $j.found.n, kept: "$j.kept[0].text"}
"""


def test_types_follow_through_modules_of_modules(vocabulary: Vocabulary):
    document = load(Source("page.yaml", USER.encode(), "yaml"), caller(vocabulary))
    assert [str(output.type) for output in document.outputs] == ["integer", "string"]


def test_they_do_not_where_the_step_may_be_refused(vocabulary: Vocabulary):
    known = caller(vocabulary, more=", if: $inputs.question != ''")
    document = load(Source("page.yaml", USER.encode(), "yaml"), known)
    assert str(document.outputs[0].type) == "any?"
