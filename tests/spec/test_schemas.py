"""The schemas of authors cannot fetch, hang or be wrong unnoticed."""

from typing import Any

from spec.schemas import refusals, schema_errors, type_of_schema
from spec.types import Type


def test_a_schema_that_would_fetch_is_refused():
    for target in ("http://169.254.169.254/", "file:///etc/passwd", "other.json", 5):
        (error,) = schema_errors({"properties": {"a": {"$ref": target}}})
        assert error.pointer == ("properties", "a", "$ref")


def test_a_schema_is_checked_itself():
    assert [error.pointer for error in schema_errors({"minimum": "x"})] == [("minimum",)]
    assert list(schema_errors({"$ref": "#/$defs/none"}))
    assert list(schema_errors({"pattern": "(a)\\1"}))
    assert not list(schema_errors({"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"}))


def test_references_are_counted_because_they_multiply():
    doubling = {
        f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]}
        for n in range(40)
    }
    schema = {"$defs": {**doubling, "d40": {"type": "string"}}, "$ref": "#/$defs/d0"}
    assert "at most" in next(schema_errors(schema)).detail


def test_a_schema_that_looks_at_one_place_too_often_is_refused():
    for schema in (
        {"items": {"anyOf": [{"type": "string"}] * 300}},
        {"$defs": {"a": {"enum": ["x"]}}, "anyOf": [{"$ref": "#/$defs/a"}] * 30}
        | {"not": {"allOf": [{"not": {"minimum": 1}}] * 100}},
    ):
        (error,) = schema_errors(schema)
        assert "schema_looks_max" in error.detail


def test_a_reference_that_leads_back_is_refused_because_each_level_of_a_value_would_double_it():
    twice = [{"properties": {"a": {"$ref": "#"}}, "required": [key]} for key in "yz"]
    (error,) = schema_errors({"anyOf": twice})
    assert error.pointer == ("anyOf", 0, "properties", "a", "$ref")
    around = {"a": {"items": {"$ref": "#/$defs/b"}}, "b": {"items": {"$ref": "#/$defs/a"}}}
    assert "lead back" in next(schema_errors({"$defs": around, "$ref": "#/$defs/a"})).detail
    assert "not understood" in next(schema_errors({"items": {"$dynamicRef": "#"}})).detail


def test_schemas_that_lead_from_one_to_the_next_are_only_so_deep():
    chain: dict[str, Any] = {f"d{n}": {"items": {"$ref": f"#/$defs/d{n + 1}"}} for n in range(30)}
    chain["d30"] = {"type": "string"}
    schema = {"$defs": chain, "$ref": "#/$defs/d0"}
    assert not list(schema_errors(schema))
    for name in chain:
        for _ in range(20):
            chain[name] = {"not": chain[name]}
    assert "schema_nested_max" in next(schema_errors(schema)).detail


def test_a_schema_of_usual_size_is_taken_and_so_is_a_large_value():
    person = {
        "type": "object",
        "properties": {f"field_{n}": {"type": ["string", "null"]} for n in range(300)},
        "additionalProperties": False,
    }
    schema = {"type": "array", "items": {"$ref": "#/$defs/person"}, "$defs": {"person": person}}
    assert not list(schema_errors(schema))
    assert not list(refusals(schema, [{f"field_{n}": "x" for n in range(100)}] * 900))


def test_what_a_value_may_cost_together_with_its_schema_is_bounded():
    schema = {"items": {"anyOf": [{"type": "string"}] * 90}}
    assert not list(schema_errors(schema))
    (error,) = refusals(schema, [1] * 50_000)
    assert "schema_work_max" in error.detail
    (error,) = refusals({"items": {"pattern": "^a"}}, ["a" * 1000] * 100)
    assert "schema_pattern_chars_max" in error.detail


def test_a_pattern_takes_linear_time():
    assert list(refusals({"pattern": "^(a+)+$"}, "a" * 100_000 + "!"))


def test_the_number_of_errors_is_bounded():
    assert len(list(refusals({"items": {"type": "string"}}, [1] * 1000))) <= 20


def test_a_schema_has_a_type_as_far_as_a_word_can_say_it():
    assert type_of_schema({"type": "array", "items": {"type": "integer"}}) == Type("integer", 1)
    assert type_of_schema({"type": ["string", "null"]}) == Type("string", optional=True)
    assert type_of_schema({"type": ["string", "integer"]}) == Type("any")
    assert type_of_schema({"anyOf": []}) == Type("any")
    assert type_of_schema(True) == Type("any")
