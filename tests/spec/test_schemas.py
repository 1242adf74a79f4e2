"""The schemas of authors cannot fetch, hang or be wrong unnoticed; all that is wrong is placed."""

import socket
import subprocess
import sys
from typing import Any

import pytest

from spec.codes import Code
from spec.limits import SCHEMA_BYTES_MAX, SCHEMA_DEPTH_MAX, SCHEMA_REFS_MAX
from spec.schema_refusals import refusals
from spec.schemas import schema_errors, type_of_schema
from spec.source import Pointer
from spec.types import Type

DRAFT = "https://json-schema.org/draft/2020-12/schema"

WRONG: list[tuple[dict[str, Any], Pointer, Code]] = [
    ({"type": 5}, ("type",), "wrong-type"),
    ({"type": None}, ("type",), "wrong-type"),
    ({"type": "strng"}, ("type",), "bad-value"),
    ({"type": []}, ("type",), "bad-value"),
    ({"type": ["string", 5]}, ("type", 1), "wrong-type"),
    ({"type": ["string", "nul"]}, ("type", 1), "bad-value"),
    ({"type": ["string", "null", "string"]}, ("type", 2), "bad-value"),
    ({"minimum": "x"}, ("minimum",), "wrong-type"),
    ({"maximum": True}, ("maximum",), "wrong-type"),
    ({"maxLength": -1}, ("maxLength",), "bad-value"),
    ({"minItems": 1.5}, ("minItems",), "wrong-type"),
    ({"multipleOf": 0}, ("multipleOf",), "bad-value"),
    ({"uniqueItems": "x"}, ("uniqueItems",), "wrong-type"),
    ({"required": "a"}, ("required",), "wrong-type"),
    ({"required": ["a", "b", "a"]}, ("required", 2), "bad-value"),
    ({"dependentRequired": {"a": ["b", "b"]}}, ("dependentRequired", "a", 1), "bad-value"),
    ({"items": []}, ("items",), "wrong-type"),
    ({"items": {"items": 5}}, ("items", "items"), "wrong-type"),
    ({"properties": {"a": "string"}}, ("properties", "a"), "wrong-type"),
    ({"anyOf": []}, ("anyOf",), "bad-value"),
    ({"enum": "a"}, ("enum",), "wrong-type"),
    ({"enum": []}, ("enum",), "bad-value"),
    ({"items": {"type": "integer", "enum": [1, "a"]}}, ("items", "enum", 1), "wrong-type"),
    ({"items": {"type": ["integer", "null"], "const": 1.5}}, ("items", "const"), "wrong-type"),
    ({"properties": {"a": {"minimun": 1}}}, ("properties", "a", "minimun"), "unknown-key"),
    ({"$id": "https://example.com/a"}, ("$id",), "unknown-key"),
    ({"items": {"$anchor": "a"}}, ("items", "$anchor"), "unknown-key"),
    ({"$dynamicRef": "#a"}, ("$dynamicRef",), "unknown-key"),
    ({"contentMediaType": "image/png"}, ("contentMediaType",), "unknown-key"),
    ({"definitions": {}}, ("definitions",), "unknown-key"),
    ({"$schema": "http://json-schema.org/draft-07/schema#"}, ("$schema",), "bad-value"),
    ({"items": {"$schema": DRAFT}}, ("items", "$schema"), "unknown-key"),
    ({"format": "datetime"}, ("format",), "bad-value"),
    ({"format": "regex"}, ("format",), "bad-value"),
    ({"items": {"minimum": 3, "maximum": 2}}, ("items", "maximum"), "bad-value"),
    ({"maximum": 2, "minimum": 3}, ("minimum",), "bad-value"),
    ({"exclusiveMinimum": 2, "maximum": 2}, ("maximum",), "bad-value"),
    ({"minimum": 2, "exclusiveMaximum": 2}, ("exclusiveMaximum",), "bad-value"),
    ({"minLength": 2, "maxLength": 1}, ("maxLength",), "bad-value"),
    ({"minItems": 2, "maxItems": 1}, ("maxItems",), "bad-value"),
    ({"minProperties": 2, "maxProperties": 1}, ("maxProperties",), "bad-value"),
    ({"contains": {}, "minContains": 2, "maxContains": 1}, ("maxContains",), "bad-value"),
    ({"items": {"pattern": "("}}, ("items", "pattern"), "bad-value"),
    ({"patternProperties": {"(": {}}}, ("patternProperties", "("), "bad-value"),
    ({"$ref": "http://example.com/"}, ("$ref",), "bad-value"),
    ({"items": {"$ref": "file:///etc/passwd"}}, ("items", "$ref"), "bad-value"),
    ({"$ref": "http://169.254.169.254/latest"}, ("$ref",), "bad-value"),
    ({"$ref": "other.json#/a"}, ("$ref",), "bad-value"),
    ({"$ref": ""}, ("$ref",), "bad-value"),
    ({"$ref": "#name"}, ("$ref",), "bad-value"),
    ({"$ref": 5}, ("$ref",), "wrong-type"),
    ({"$ref": "#/$defs/none"}, ("$ref",), "bad-value"),
    ({"$defs": {"a": {"const": {}}}, "$ref": "#/$defs/a/const"}, ("$ref",), "bad-value"),
    ({"$defs": {"a/b": {}, "a": {}}, "$ref": "#/$defs/a%2Fb"}, ("$ref",), "bad-value"),
    ({"allOf": [{}, {"items": {}}], "$ref": "#/allOf/01"}, ("$ref",), "bad-value"),
    ({"$defs": {"\ufffd": {}}, "$ref": "#/$defs/%FF"}, ("$ref",), "bad-value"),
    ({"$ref": "#"}, ("$ref",), "bad-value"),
    ({"items": {"$ref": "#"}}, ("items", "$ref"), "bad-value"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "pointer", "code"), WRONG, ids=lambda value: str(value)[:60])
def test_what_is_wrong_is_at_its_keyword(schema: dict[str, Any], pointer: Pointer, code: Code):
    (error,) = schema_errors(schema)
    assert (error.pointer, error.code) == (pointer, code)


RIGHT: list[dict[str, Any]] = [
    {},
    {"$schema": DRAFT, "type": "object"},
    {"$schema": f"{DRAFT}#"},
    {"properties": {"$ref": {"type": "string"}, "$id": {}, "nonsense": True}},
    {"const": {"$ref": "http://example.com/"}},
    {"enum": [{"$id": "http://example.com/", "type": "nonsense"}]},
    {"default": {"minimum": "x"}, "examples": [{"$ref": 5}]},
    {"additionalProperties": False, "items": True},
    {"type": ["string", "null"], "enum": ["a", None]},
    {"type": "number", "enum": [1, 2.5], "minimum": 1, "maximum": 1},
    {"pattern": "^(a+)+$", "format": "date-time"},
    {"$defs": {"a b": {"type": "string"}}, "$ref": "#/$defs/a%20b"},
    {"$defs": {"a/b~": {"type": "string"}}, "$ref": "#/$defs/a~1b~0"},
    {"$defs": {"a": {"properties": {"x": {}}}}, "$ref": "#/$defs/a/properties/x"},
    {"prefixItems": [{}, {"type": "string"}], "items": {"$ref": "#/prefixItems/1"}},
]


@pytest.mark.parametrize("schema", RIGHT, ids=lambda value: str(value)[:60])
def test_a_sound_schema_is_taken_and_can_be_held_against_a_value(schema: dict[str, Any]):
    assert not list(schema_errors(schema))
    for value in (None, 1, "a", [1], {"a": 1}):
        list(refusals(schema, value))


def test_nothing_is_fetched_to_check_a_schema():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        for schema in (
            {"$ref": address},
            {"$schema": address},
            {"$id": address, "$ref": "a.json"},
            {"$dynamicRef": address},
            {"items": {"$ref": address, "type": "strng"}},
        ):
            assert list(schema_errors(schema))
        with pytest.raises(BlockingIOError):
            listener.accept()


PROGRAM = """
import sys
from spec.schemas import schema_errors

plain = {"type": "object", "properties": {"a": {"type": ["string", "null"], "maxLength": 3}},
         "required": ["a"], "items": {"anyOf": [{"minimum": 1}, {"enum": ["x"]}]}}
assert not list(schema_errors(plain))
print(*{"jsonschema", "jsonschema_rs", "referencing"} & set(sys.modules))
"""


def test_plain_schemas_load_no_validator():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"


def test_everything_wrong_is_said_at_once():
    schema = {
        "type": "objekt",
        "requird": ["a"],
        "properties": {"a": {"type": "strin", "pattern": "(?=a)", "$ref": "#/$defs/perso"}},
        "$defs": {"person": {"format": "emial"}},
    }
    found = {(error.pointer, error.hint) for error in schema_errors(schema)}
    assert found == {
        (("type",), "object"),
        (("requird",), "required"),
        (("properties", "a", "type"), "string"),
        (("properties", "a", "pattern"), None),
        (("properties", "a", "$ref"), "#/$defs/person"),
        (("$defs", "person", "format"), "email"),
    }


def test_the_words_of_older_drafts_have_the_word_of_today_as_a_hint():
    (error,) = schema_errors({"definitions": {"a": {}}})
    assert error.hint == "$defs"


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a(?=b)", "look-ahead cannot be matched in linear time (character 2"),
        ("(?!a)b", "look-ahead"),
        ("(?<=a)b", "look-behind"),
        ("(?<!a)b", "look-behind"),
        (r"(a)\1", "a back-reference cannot be matched in linear time (character 4"),
        (r"(?<n>a)\k<n>", "back-reference"),
        ("(?x)a b", "inline flags"),
        ("(?i:a)", "inline flags"),
        ("(?P<n>a)", "`(?<name>…)`"),
        ("a{3,1}", "ECMAScript"),
        (r"\Aa", "ECMAScript"),
        (r"\p{Nothing}", "linear time"),
    ],
)
def test_a_pattern_that_is_refused_says_why(pattern: str, reason: str):
    (error,) = schema_errors({"pattern": pattern})
    assert error.code == "bad-value"
    assert reason in error.detail


@pytest.mark.parametrize(
    "pattern", [r"\(\?=a", "[(?=a)]", r"\\1", "(?<year>[0-9]{4})-(?:0|1)", "^(a+)+$", r"^\p{L}+$"]
)
def test_what_only_looks_like_a_refused_construct_is_taken(pattern: str):
    assert not list(schema_errors({"pattern": pattern}))


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels - 1):
        schema = {"items": schema}
    return schema


def referring(count: int) -> dict[str, Any]:
    names = [f"a{number}" for number in range(count)]
    return {
        "$defs": {"a": {"type": "string"}},
        "properties": {name: {"$ref": "#/$defs/a"} for name in names},
    }


def sized(size: int) -> dict[str, Any]:
    return {"const": "é" * ((size - len('{"const":""}')) // 2)}


LIMITS: list[tuple[dict[str, Any], dict[str, Any], Pointer, str]] = [
    (sized(SCHEMA_BYTES_MAX), sized(SCHEMA_BYTES_MAX + 2), (), "schema_bytes_max"),
    (
        nested(SCHEMA_DEPTH_MAX),
        nested(SCHEMA_DEPTH_MAX + 1),
        ("items",) * SCHEMA_DEPTH_MAX,
        "schema_depth_max",
    ),
    (
        referring(SCHEMA_REFS_MAX),
        referring(SCHEMA_REFS_MAX + 1),
        ("properties", f"a{SCHEMA_REFS_MAX}", "$ref"),
        "schema_refs_max",
    ),
    ({"pattern": "a" * 512}, {"pattern": "a" * 513}, ("pattern",), "regex_chars_max"),
    (
        {"pattern": "(a{1,90}){1,100}"},
        {"pattern": "((a{1,100}){1,100}){1,100}"},
        ("pattern",),
        "regex_bytes_max",
    ),
    (
        {"patternProperties": {r"\p{L}{9}": {}}},
        {"patternProperties": {r"\p{L}" * 99: {}}},
        ("patternProperties", r"\p{L}" * 99),
        "regex_bytes_max",
    ),
    (
        {"items": {"anyOf": [{}] * 190}},
        {"items": {"anyOf": [{}] * 300}},
        ("items",),
        "schema_looks_max",
    ),
]


@pytest.mark.parametrize(
    ("largest", "larger", "pointer", "limit"), LIMITS, ids=[limit for *_, limit in LIMITS]
)
def test_a_schema_at_a_limit_is_taken_and_one_beyond_it_is_too_large(
    largest: dict[str, Any], larger: dict[str, Any], pointer: Pointer, limit: str
):
    assert not list(schema_errors(largest))
    (error,) = schema_errors(larger)
    assert (error.pointer, error.code) == (pointer, "too-large")
    assert f"`{limit}`" in error.detail


def test_references_are_counted_because_they_multiply():
    doubling = {
        f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]}
        for n in range(30)
    }
    schema = {"$defs": {**doubling, "d30": {"type": "string"}}, "$ref": "#/$defs/d0"}
    (error,) = schema_errors(schema)
    assert "schema_looks_max" in error.detail


def test_references_beside_other_schemas_multiply_too():
    (error,) = schema_errors(
        {"$defs": {"a": {"enum": ["x"]}}, "anyOf": [{"$ref": "#/$defs/a"}] * 30}
        | {"not": {"allOf": [{"not": {"minimum": 1}}] * 100}}
    )
    assert "schema_looks_max" in error.detail


def test_references_that_lead_back_are_refused_because_each_level_of_a_value_would_double_them():
    twice = [{"properties": {"a": {"$ref": "#"}}, "required": [key]} for key in "yz"]
    found = [error.pointer for error in schema_errors({"anyOf": twice})]
    assert found == [("anyOf", index, "properties", "a", "$ref") for index in (0, 1)]
    around = {"a": {"items": {"$ref": "#/$defs/b"}}, "b": {"items": {"$ref": "#/$defs/a"}}}
    (error,) = schema_errors({"$defs": around, "$ref": "#/$defs/a"})
    assert (error.pointer, "lead back" in error.detail) == (("$defs", "b", "items", "$ref"), True)


def test_a_definition_nobody_uses_is_held_to_the_same():
    (error,) = schema_errors({"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}})
    assert error.pointer == ("$defs", "a", "items", "$ref")


def test_schemas_that_lead_from_one_to_the_next_are_only_so_deep():
    chain: dict[str, Any] = {f"d{n}": {"items": {"$ref": f"#/$defs/d{n + 1}"}} for n in range(30)}
    chain["d30"] = {"type": "string"}
    schema = {"$defs": chain, "$ref": "#/$defs/d0"}
    assert not list(schema_errors(schema))
    for name in chain:
        for _ in range(6):
            chain[name] = {"not": chain[name]}
    (error,) = schema_errors(schema)
    assert "schema_nested_max" in error.detail


def test_a_schema_of_usual_size_is_taken_and_so_is_a_large_value():
    person = {
        "type": "object",
        "properties": {f"field_{n}": {"type": ["string", "null"]} for n in range(300)},
        "additionalProperties": False,
    }
    schema = {"type": "array", "items": {"$ref": "#/$defs/person"}, "$defs": {"person": person}}
    assert not list(schema_errors(schema))
    assert not list(refusals(schema, [{f"field_{n}": "x" for n in range(100)}] * 900))


def test_a_schema_has_a_type_as_far_as_a_word_can_say_it():
    assert type_of_schema({"type": "array", "items": {"type": "integer"}}) == Type("integer", 1)
    assert type_of_schema({"type": ["string", "null"]}) == Type("string", optional=True)
    assert type_of_schema({"type": ["string", "integer"]}) == Type("any")
    assert type_of_schema({"anyOf": []}) == Type("any")
    assert type_of_schema(True) == Type("any")
