"""Schemas made at random: whatever one says, it is judged as the meta-schema and engine judge."""

from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry

from spec.regexes import compiled
from spec.schema_form import form_errors
from spec.schema_refusals import refusals
from spec.schema_words import FORMATS, JSON_TYPES
from spec.schemas import schema_errors
from tests.spec.generated import JSON

META = Draft202012Validator(Draft202012Validator.META_SCHEMA, registry=Registry())

_NAMES = st.sampled_from(["a", "b", "$ref", "^a+$", "("])
_COUNTS = st.integers(-1, 4) | st.sampled_from([0.5, 2.0])
_TYPES = st.sampled_from([*JSON_TYPES, "strng"])
_PATTERNS = st.sampled_from(["^a+$", "(a)\\1", "(", "\\p{L}{50}", "[]"])
_TARGETS = st.sampled_from(
    ["#", "#/$defs/a", "#/properties/a", "#/allOf/0", "#/$defs/%61", "http://a/", "#/$defs"]
)
_PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "type": _TYPES | st.lists(_TYPES, max_size=3),
    "enum": st.lists(JSON, max_size=3),
    "const": JSON,
    "format": st.sampled_from([*FORMATS, "nope"]),
    "pattern": _PATTERNS,
    "minimum": _COUNTS,
    "exclusiveMaximum": _COUNTS,
    "multipleOf": _COUNTS,
    "minLength": _COUNTS,
    "maxItems": _COUNTS,
    "required": st.lists(_NAMES, max_size=3),
    "dependentRequired": st.dictionaries(_NAMES, st.lists(_NAMES, max_size=2), max_size=1),
    "uniqueItems": st.booleans(),
    "description": st.just("x"),
    "$ref": _TARGETS,
    "minimun": _COUNTS,
}


def _inside(inner: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    named = st.dictionaries(_NAMES, inner, max_size=2)
    several = st.lists(inner, max_size=2)
    one = dict.fromkeys(["items", "not", "if", "then", "additionalProperties", "contains"], inner)
    lists = dict.fromkeys(["allOf", "anyOf", "prefixItems"], several)
    maps = dict.fromkeys(["properties", "patternProperties", "$defs", "dependentSchemas"], named)
    return {**one, **lists, **maps}


def _schemas(words: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Return what makes schemas of a few words, of which one in ten holds something else."""

    @st.composite
    def schema(draw: st.DrawFn) -> dict[str, Any]:
        chosen = draw(st.lists(st.sampled_from(sorted(words)), max_size=3, unique=True))
        wrong = draw(st.integers(0, 9)) == 0
        return {word: draw(JSON if wrong else words[word]) for word in chosen}

    return schema()


SCHEMAS = st.recursive(
    _schemas(_PLAIN), lambda inner: _schemas({**_PLAIN, **_inside(inner | st.booleans())})
).filter(lambda schema: isinstance(schema, dict))


@given(SCHEMAS)
@settings(max_examples=300)
def test_the_form_is_what_the_meta_schema_says(schema: dict[str, Any]):
    assert META.is_valid(schema) == (not list(form_errors(schema)))


@given(SCHEMAS)
@settings(max_examples=300)
def test_a_schema_that_cannot_be_compiled_has_errors(schema: dict[str, Any]):
    try:
        compiled(schema)
    except jsonschema_rs.ValidationError:
        assert list(schema_errors(schema))


@given(SCHEMAS, JSON)
@settings(max_examples=300)
def test_a_sound_schema_can_be_held_against_any_value(schema: dict[str, Any], value: Any):
    if not list(schema_errors(schema)):
        list(refusals(schema, value))
