"""The schemas of authors cannot fetch, hang or be wrong unnoticed."""

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
    assert not list(schema_errors({"$ref": "#"}))


def test_references_are_counted_because_they_multiply():
    doubling = {
        f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]}
        for n in range(40)
    }
    schema = {"$defs": {**doubling, "d40": {"type": "string"}}, "$ref": "#/$defs/d0"}
    assert "at most" in next(schema_errors(schema)).detail


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
