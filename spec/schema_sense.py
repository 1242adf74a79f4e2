"""What is wrong with a schema that has the right form: its words, its names and its ranges.

Strict: a word, a format or a pattern that would be ignored is refused instead.
"""

from collections.abc import Iterator, Mapping

from spec.data import mismatches
from spec.problems import echo, nearest, quoted
from spec.regexes import Regexes
from spec.schema_error import SchemaError
from spec.schema_references import Places
from spec.schema_words import DIALECTS, FORMATS, JSON_TYPES, KEYWORDS, NOT_UNDERSTOOD, TODAY
from spec.source import Pointer
from spec.types import parse_type
from spec.values import JSON

_FORMATS = ", ".join(FORMATS)
#: Pairs of a word for the least and one for the most, and whether they may be equal.
_RANGES = (
    ("minimum", "maximum", True),
    ("minimum", "exclusiveMaximum", False),
    ("exclusiveMinimum", "maximum", False),
    ("exclusiveMinimum", "exclusiveMaximum", False),
    ("minLength", "maxLength", True),
    ("minItems", "maxItems", True),
    ("minContains", "maxContains", True),
    ("minProperties", "maxProperties", True),
)


def sense_errors(places: Places, regexes: Regexes) -> Iterator[SchemaError]:
    """Yield what is wrong in the schemas of `places`, which are one schema and all inside it."""
    for at, schema in places.items():
        if isinstance(schema, dict):
            yield from _words(schema, at)
            yield from _values(schema, at, regexes)
            yield from _ranges(schema, at)
            yield from _choices(schema, at)


def _words(schema: Mapping[str, JSON], at: Pointer) -> Iterator[SchemaError]:
    for key in schema:
        if key in KEYWORDS and not (key == "$schema" and at):
            continue
        hint = TODAY.get(key) or nearest(key, KEYWORDS)
        detail = f"{quoted(key)} is not a keyword of JSON Schema"
        if key in NOT_UNDERSTOOD:
            detail = f"{quoted(key)} is not understood, so it may not be there"
        if key == "$schema":
            detail, hint = "`$schema` stands at the top of a schema only", None
        yield SchemaError((*at, key), detail, key, "unknown-key", hint, of_key=True)


def _values(schema: Mapping[str, JSON], at: Pointer, regexes: Regexes) -> Iterator[SchemaError]:
    if schema.get("enum") == []:
        yield SchemaError((*at, "enum"), "an empty list, which no value meets", "enum")
    dialect, format = schema.get("$schema"), schema.get("format")
    if isinstance(dialect, str) and dialect not in DIALECTS:
        detail = f"{quoted(dialect)} is not the dialect of schemas here, which is Draft 2020-12"
        yield SchemaError((*at, "$schema"), detail, "$schema", hint=DIALECTS[0])
    if isinstance(format, str) and format not in FORMATS:
        detail = f"{quoted(format)} is not a format that is checked; these are: {_FORMATS}"
        yield SchemaError((*at, "format"), detail, "format", hint=nearest(format, FORMATS))
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and (fault := regexes.fault(pattern)):
        yield SchemaError((*at, "pattern"), fault[1], "pattern", fault[0])
    patterns = schema.get("patternProperties")
    for pattern in patterns if isinstance(patterns, dict) else ():
        if fault := regexes.fault(pattern):
            pointer = (*at, "patternProperties", pattern)
            yield SchemaError(pointer, fault[1], "patternProperties", fault[0], of_key=True)


def _ranges(schema: Mapping[str, JSON], at: Pointer) -> Iterator[SchemaError]:
    for least, most, equal in _RANGES:
        if least in schema and most in schema:
            low, high = schema[least], schema[most]
            if not (_is_number(low) and _is_number(high)) or low < high or (equal and low == high):
                continue
            later = [key for key in schema if key in (least, most)][1]
            detail = f"no value meets `{least}` {low} and `{most}` {high}"
            yield SchemaError((*at, later), detail, later)


def _choices(schema: Mapping[str, JSON], at: Pointer) -> Iterator[SchemaError]:
    """Yield every choice that is not of the type which the schema wants as well."""
    named = schema.get("type")
    words: list[JSON] = named if isinstance(named, list) else [named]
    if not all(isinstance(word, str) and word in JSON_TYPES for word in words):
        return
    choices = schema.get("enum")
    for index, choice in enumerate(choices if isinstance(choices, list) else ()):
        if not any(_is_of(choice, word) for word in words):
            yield _misfit((*at, "enum", index), choice, words, "enum")
    if "const" in schema and not any(_is_of(schema["const"], word) for word in words):
        yield _misfit((*at, "const"), schema["const"], words, "const")


def _misfit(pointer: Pointer, value: JSON, words: list[JSON], keyword: str) -> SchemaError:
    types = " or ".join(map(quoted, words))
    detail = f"{echo(value)}, where a value of type {types} is wanted"
    return SchemaError(pointer, detail, keyword, "wrong-type")


def _is_of(value: JSON, word: str) -> bool:
    if word in ("null", "array"):
        return value is None if word == "null" else isinstance(value, list)
    type = parse_type(word)
    return value is not None and type is not None and not any(mismatches(value, type))


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
