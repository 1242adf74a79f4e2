"""JSON Schemas that authors write: what is wrong with one, and what type it is of.

Nothing is ever fetched. Validators are loaded on first use.
"""

import json
from collections.abc import Iterator, Mapping

from spec.limits import (
    SCHEMA_BYTES_MAX,
    SCHEMA_DEPTH_MAX,
    SCHEMA_REFS_MAX,
)
from spec.regexes import Regexes
from spec.schema_cost import cost_errors
from spec.schema_error import SchemaError
from spec.schema_form import form_errors
from spec.schema_references import Places, reference_errors
from spec.schema_sense import sense_errors
from spec.schema_words import JSON_TYPES, schemas_in
from spec.source import Pointer
from spec.types import ANY, Type, parse_type
from spec.values import JSON

_CAN_COST = frozenset({"$ref", "enum"})  # of a schema with no other inside


def schema_errors(
    schema: Mapping[str, JSON], regexes: Regexes | None = None
) -> Iterator[SchemaError]:
    """Yield everything wrong with an author's schema, a cost without bound included.

    `regexes` are the patterns of the page so far, which have limits together.
    """
    if too_large := _too_large(schema):
        yield too_large
        return
    places = dict(schemas_in(schema))
    if too_many := _too_many(places):
        yield too_many
        return
    sound = True
    for errors in (form_errors(schema), sense_errors(places, regexes or Regexes())):
        for error in errors:
            sound = False
            yield error
    unresolved = [*reference_errors(places)]
    yield from unresolved
    if sound and not unresolved and (len(places) > 1 or not _CAN_COST.isdisjoint(schema)):
        yield from cost_errors(places)


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


def _too_large(schema: Mapping[str, JSON]) -> SchemaError | None:
    deep = _too_deep(schema, (), SCHEMA_DEPTH_MAX)
    if deep is not None:
        detail = f"more than {SCHEMA_DEPTH_MAX} lists and objects in one another in a schema"
        return SchemaError(deep, f"{detail} (`schema_depth_max`)", "", "too-large")
    size = len(json.dumps(schema, ensure_ascii=False, separators=(",", ":")).encode())
    if size > SCHEMA_BYTES_MAX:
        detail = f"a schema of {size} bytes, and {SCHEMA_BYTES_MAX} is the most"
        return SchemaError((), f"{detail} (`schema_bytes_max`)", "", "too-large")
    return None


def _too_many(places: Places) -> SchemaError | None:
    referring = [
        at for at, schema in places.items() if isinstance(schema, dict) and "$ref" in schema
    ]
    if len(referring) <= SCHEMA_REFS_MAX:
        return None
    detail = f"{len(referring)} `$ref`s in a schema, and {SCHEMA_REFS_MAX} is the most"
    at = referring[SCHEMA_REFS_MAX]
    return SchemaError((*at, "$ref"), f"{detail} (`schema_refs_max`)", "$ref", "too-large")


def _too_deep(value: JSON, at: Pointer, left: int) -> Pointer | None:
    """Return the first list or object that stands deeper than `left` others."""
    if not isinstance(value, dict | list):
        return None
    if not left:
        return at
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        found = _too_deep(part, (*at, key), left - 1)
        if found is not None:
            return found
    return None
