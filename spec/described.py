"""A `schema` parameter: fields with a type word or a JSON Schema each, read into one JSON Schema.

What comes out describes an object that has these fields and no others.
"""

from collections.abc import Mapping

from spec.inputs import read_declaration
from spec.model import Input
from spec.problems import quoted
from spec.report import Report
from spec.schema_references import moved
from spec.schemas import schema_errors
from spec.source import Pointer
from spec.types import OPAQUE_WORDS, RECORDS, Type
from spec.values import JSON, Literal
from spec.written import Written

_NULL = "null"


def read_schema(report: Report, pointer: Pointer) -> Written:
    """Read the `schema` at `pointer`; its value is the JSON Schema that it stands for."""
    fields = report.tree.at(pointer)
    if not isinstance(fields, dict) or not report.knows(pointer):
        return Written(pointer, Literal(fields), known=report.knows(pointer))
    before = len(report.problems)
    read = {name: _read_field(report, (*pointer, name)) for name in fields}
    declared = {name: field for name, field in read.items() if field is not None}
    schema = object_schema(declared)
    if len(report.problems) == before and len(declared) == len(fields):
        _check_whole(report, pointer, schema)
    known = len(report.problems) == before and len(declared) == len(fields)
    return Written(pointer, Literal(schema), known=known)


def object_schema(fields: Mapping[str, Input]) -> dict[str, JSON]:
    """Return the JSON Schema of an object with these fields."""
    return {
        "type": "object",
        "properties": {
            name: moved(field_schema(field), ("properties", name)) for name, field in fields.items()
        },
        "required": [name for name, field in fields.items() if field.required],
        "additionalProperties": False,
    }


def field_schema(field: Input) -> dict[str, JSON]:
    """Return the JSON Schema of one declared field, null and description included."""
    schema = {**schema_of_type(field.type.or_null(False)), **field.schema}
    if field.type.optional:
        schema = _with_null(schema)
    return {**schema, "description": field.description} if field.description else schema


def schema_of_type(type: Type) -> dict[str, JSON]:
    """Return the JSON Schema of what is of `type`.

    >>> schema_of_type(Type("string", lists=1, optional=True))
    {'type': ['array', 'null'], 'items': {'type': 'string'}}
    """
    if type.optional:
        return _with_null(schema_of_type(type.or_null(False)))
    if type.lists:
        return {"type": "array", "items": schema_of_type(type.element())}
    if type.word in RECORDS:
        fields = RECORDS[type.word]
        return {
            "type": "object",
            "properties": {name: schema_of_type(each) for name, each in fields.items()},
            "required": [name for name, each in fields.items() if not each.optional],
        }
    return {} if type.is_any else {"type": type.word}


def _read_field(report: Report, pointer: Pointer) -> Input | None:
    field = read_declaration(report, pointer)
    if field is not None and field.type.word in OPAQUE_WORDS:
        detail = f"{quoted(str(field.type))} cannot be written down, so no reply can hold it"
        report.at_value("bad-value", pointer, detail)
        return None
    return field


def _check_whole(report: Report, pointer: Pointer, schema: Mapping[str, JSON]) -> None:
    """Hold the fields together to the bounds that each of them has kept."""
    for error in schema_errors(schema, report.regexes):
        report.at_value(error.code, (*pointer, *error.pointer[1:]), error.detail)


def _with_null(schema: Mapping[str, JSON]) -> dict[str, JSON]:
    given = dict(schema)
    if isinstance(given.get("type"), str):
        given["type"] = [given["type"], _NULL]
    if "enum" in given and None not in given["enum"]:
        given["enum"] = [*given["enum"], None]
    return given
