"""Why values do not meet schemas: each reason at its place, in a sentence of bounded length."""

from typing import Any

import pytest

from spec.codes import Code
from spec.limits import ECHO_CHARS_MAX
from spec.schema_refusals import refusals
from spec.schemas import schema_errors
from spec.source import Pointer

LONG = "x" * 300

REFUSED: list[tuple[dict[str, Any], Any, Pointer, Code, str]] = [
    ({"type": ["string", "null"]}, 5, (), "wrong-type", "5, where a value of type `null` or `st"),
    ({"items": {"type": "string"}}, ["a", 1], (1,), "wrong-type", "1, where"),
    ({"required": ["a"]}, {}, (), "missing-key", "`a` is missing"),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, (), "missing-key", "`b` is missing"),
    ({"additionalProperties": False}, {"b": 1}, ("b",), "unknown-key", "`b`"),
    ({"items": {"additionalProperties": False}}, [{"b": 1}], (0, "b"), "unknown-key", "`b`"),
    ({"unevaluatedProperties": False}, {"b": 1}, ("b",), "unknown-key", "`b`"),
    ({"properties": {"a": False}}, {"a": 1}, ("a",), "bad-value", "nothing may stand here"),
    ({"prefixItems": [{}], "items": False}, [1, 2], (1,), "bad-value", "nothing may stand here"),
    ({"enum": ["vector", "lexical"]}, "vectr", (), "bad-value", '"vectr" is not one of "vector"'),
    ({"const": 3}, 4, (), "bad-value", "4, where 3 is wanted"),
    ({"minimum": 3}, 2, (), "bad-value", "2 is less than the minimum of 3"),
    ({"maxLength": 3}, "abcd", (), "bad-value", '"abcd" is longer than 3 characters'),
    ({"maxItems": 1}, [1, 2], (), "bad-value", "a list of 2 has more than 1 item"),
    ({"pattern": "^a$"}, "b", (), "bad-value", '"b" does not match the pattern `^a$`'),
    ({"format": "date"}, "b", (), "bad-value", '"b" is not a "date"'),
    ({"not": {}}, 1, (), "bad-value", "1 does not meet `not`"),
    ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, (), "bad-value", "an object does not meet"),
    ({"anyOf": [{"type": "string"}]}, 1, (), "bad-value", "1 is not valid under any"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "value", "pointer", "code", "detail"), REFUSED, ids=lambda value: str(value)[:40]
)
def test_a_value_is_refused_at_the_smallest_wrong_thing(
    schema: dict[str, Any], value: Any, pointer: Pointer, code: Code, detail: str
):
    assert not list(schema_errors(schema))
    (error,) = refusals(schema, value)
    assert (error.pointer, error.code) == (pointer, code)
    assert error.detail.startswith(detail)


def test_the_nearest_choice_is_a_hint():
    (error,) = refusals({"enum": ["vector", "lexical"]}, "vectr")
    assert error.hint == "vector"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, LONG),
        ({"enum": [LONG + "y", *"abcdefghijklmnopq"]}, LONG),
        ({"const": LONG + "y"}, LONG),
        ({"pattern": f"^{LONG}y$"}, LONG),
        ({"format": "date"}, LONG),
        ({"maxLength": 1}, LONG),
        ({"required": [LONG]}, {}),
        ({"properties": {"a": {}}, "additionalProperties": False}, {LONG: 1}),
        ({"unevaluatedProperties": False}, {LONG: 1}),
        ({"propertyNames": {"maxLength": 1}}, {LONG: 1}),
        ({"not": {"const": LONG}}, LONG),
        ({"anyOf": [{"const": LONG + "y"}]}, LONG),
    ],
    ids=lambda value: str(value)[:40],
)
def test_no_sentence_repeats_much_of_what_was_sent(schema: dict[str, Any], value: Any):
    details = [error.detail for error in refusals(schema, value)]
    assert details
    assert not [detail for detail in details if "x" * (ECHO_CHARS_MAX + 1) in detail]


def test_every_key_too_many_is_told():
    found = refusals({"additionalProperties": False}, {"b": 1, "c": 2})
    assert [error.pointer for error in found] == [("b",), ("c",)]
    given = {"a": 1, "b": 2, "c": 3}
    found = refusals({"properties": {"a": {}}, "additionalProperties": False}, given)
    assert [error.pointer for error in found] == [("b",), ("c",)]


def test_the_number_of_refusals_is_bounded():
    assert len(list(refusals({"items": {"type": "string"}}, [1] * 1000))) <= 20
    many = dict.fromkeys(map(str, range(1000)))
    assert len(list(refusals({"additionalProperties": False}, many))) <= 20


def test_what_a_value_may_cost_together_with_its_schema_is_bounded():
    schema = {"items": {"anyOf": [{"type": "string"}] * 90}}
    assert not list(schema_errors(schema))
    (error,) = refusals(schema, [1] * 50_000)
    assert (error.code, "schema_work_max" in error.detail) == ("too-large", True)


@pytest.mark.parametrize("word", [{"pattern": "^a"}, {"format": "date"}])
def test_patterns_and_formats_are_held_against_so_much_text_only(word: dict[str, str]):
    (error,) = refusals({"items": word}, ["a" * 1000] * 100)
    assert (error.code, "schema_matched_chars_max" in error.detail) == ("too-large", True)


def test_a_pattern_takes_linear_time():
    assert list(refusals({"pattern": "^(a+)+$"}, "a" * 60_000 + "!"))
