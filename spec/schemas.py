"""JSON Schemas that authors write: checked when declared, applied to what a run is given.

Offline: nothing is ever fetched. Patterns run in linear time. The validator is loaded on first use.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spec.problems import echo
from spec.schema_cost import (
    PATTERN_CHARS_MAX,
    WORK_MAX,
    TooCostly,
    cost,
    has_patterns,
    measure,
)
from spec.source import Pointer
from spec.types import ANY, Type, parse_type
from spec.values import JSON

KEYWORDS = (
    "type", "enum", "const", "default", "description", "title", "examples", "format",
    "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "items", "prefixItems", "contains", "minContains",
    "maxContains", "minItems", "maxItems", "uniqueItems", "properties", "required",
    "additionalProperties", "patternProperties", "propertyNames", "minProperties",
    "maxProperties", "dependentRequired", "dependentSchemas", "unevaluatedProperties",
    "unevaluatedItems", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "$defs",
    "$comment", "deprecated", "readOnly", "writeOnly",
)  # fmt: skip
JSON_TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
_REFERENCES_MAX = 32
_ERRORS_MAX = 20
_PATTERN_BYTES_MAX = 512 << 10


@dataclass(frozen=True, slots=True)
class SchemaError:
    """Something a schema refuses, or something wrong in the schema; `keyword` says by what."""

    pointer: Pointer
    detail: str
    keyword: str


def schema_errors(schema: Mapping[str, JSON]) -> Iterator[SchemaError]:
    """Yield what is wrong with an author's schema, a cost without bound included."""
    references = list(_references(schema, ()))
    for pointer, target in references:
        if not (isinstance(target, str) and target.startswith("#")):
            yield SchemaError(pointer, "nothing is fetched: a `$ref` starts with `#`", "$ref")
            return
    if len(references) > _REFERENCES_MAX:
        yield SchemaError((), f"a schema has at most {_REFERENCES_MAX} `$ref`s", "$ref")
        return
    import jsonschema_rs

    try:
        cost(schema)
        _validator(schema)
    except TooCostly as error:
        yield SchemaError(error.pointer, error.detail, "")
    except jsonschema_rs.ValidationError as error:
        yield SchemaError(tuple(error.instance_path), _sentence(error), "")


def refusals(schema: Mapping[str, JSON], value: JSON) -> Iterator[SchemaError]:
    """Yield why `value` does not meet `schema`, which has no errors."""
    if not schema:
        return
    places, characters = measure(value)
    flat = not any(isinstance(part, dict | list) for part in schema.values())
    if not (flat and places == 1) and places * cost(schema).looks > WORK_MAX:
        detail = f"more values than its schema can be held against (`schema_work_max`: {WORK_MAX})"
        yield SchemaError((), detail, "")
        return
    if characters > PATTERN_CHARS_MAX and has_patterns(schema):
        detail = f"longer than the {PATTERN_CHARS_MAX} characters that patterns are held against"
        yield SchemaError((), f"{detail} (`schema_pattern_chars_max`)", "")
        return
    for count, error in enumerate(_validator(schema).iter_errors(value)):
        if count == _ERRORS_MAX:
            return
        keyword = str(error.schema_path[-1]) if error.schema_path else ""
        yield SchemaError(tuple(error.instance_path), _sentence(error), keyword)


def type_of_schema(schema: JSON) -> Type:
    """Return what a standard schema says of a value's type, as far as a type can say it."""
    if not isinstance(schema, dict):
        return ANY
    named = schema.get("type")
    words = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    optional = "null" in words
    rest = [word for word in words if word != "null"]
    if len(rest) != 1 or rest[0] not in JSON_TYPES:
        return ANY.or_null(optional)
    if rest[0] == "array":
        return type_of_schema(schema.get("items")).listed().or_null(optional)
    return (parse_type(rest[0]) or ANY).or_null(optional)


def _validator(schema: Mapping[str, JSON]) -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(
        dict(schema),
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(size_limit=_PATTERN_BYTES_MAX),
    )


def _references(schema: JSON, pointer: Pointer) -> Iterator[tuple[Pointer, JSON]]:
    parts: Iterable[tuple[str | int, JSON]] = ()
    if isinstance(schema, dict):
        parts = schema.items()
        if "$ref" in schema:
            yield (*pointer, "$ref"), schema["$ref"]
    elif isinstance(schema, list):
        parts = enumerate(schema)
    for key, part in parts:
        yield from _references(part, (*pointer, key))


def _sentence(error: Any) -> str:
    first = str(error.message).partition("\n")[0]
    return first if len(first) <= 200 else f"{echo(error.instance)} does not meet the schema"
