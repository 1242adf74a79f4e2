"""Whether a schema has the form that JSON Schema gives it: the meta-schema of Draft 2020-12.

A value is never held against an author's schema here, only the schema against the meta-schema.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any
from urllib.parse import urljoin

from spec.problems import echo, nearest, quoted
from spec.schema_error import SchemaError
from spec.schema_words import JSON_TYPES, KEYWORDS, LISTED, NAMED, ONE
from spec.values import JSON


def form_errors(schema: Mapping[str, JSON]) -> Iterator[SchemaError]:
    """Yield where `schema` does not have the form of a schema, whatever it means."""
    if not _is_plain(schema):
        yield from map(_explained, _meta_validator().iter_errors(schema))


def _is_plain(schema: JSON) -> bool:
    """Whether a glance shows that the form is right.

    Most schemas are a few plain words, and a page may have thousands of them: they are not worth a
    validator. Whatever is not plain is for the meta-schema to judge.
    """
    if not isinstance(schema, dict):
        return isinstance(schema, bool)
    return all(key in _PLAIN and _PLAIN[key](value) for key, value in schema.items())


def _explained(error: Any) -> SchemaError:
    pointer, given = tuple(error.absolute_path), error.instance
    keyword = str(pointer[-1]) if pointer else ""
    match error.validator:
        case "enum" if isinstance(given, str):
            detail = f"{quoted(given)} is not a type of JSON Schema; types: {', '.join(JSON_TYPES)}"
            return SchemaError(pointer, detail, keyword, hint=nearest(given, JSON_TYPES))
        case "enum":
            detail = f"{echo(given)}, where the name of a type is wanted"
            return SchemaError(pointer, detail, keyword, "wrong-type")
        case "type":
            wanted = _WANTED[str(error.validator_value)]
            return SchemaError(
                pointer, f"{echo(given)}, where {wanted} is wanted", keyword, "wrong-type"
            )
        case "uniqueItems":
            return SchemaError(pointer, f"{echo(given)} stands in this list already", keyword)
        case "minItems":
            return SchemaError(
                pointer, "an empty list, where at least one element is wanted", keyword
            )
        case _:
            least = "0 or more" if error.validator == "minimum" else "more than 0"
            return SchemaError(pointer, f"{echo(given)}, where {least} is wanted", keyword)


@cache
def _meta_validator() -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend
    from referencing import Registry

    kind = extend(Draft202012Validator, {"uniqueItems": _repeats})  # type: ignore[no-untyped-call]
    return kind(_meta_schema(), registry=Registry())


def _meta_schema() -> JSON:
    """Return the meta-schema in one piece, without the words that authors may not use.

    Its vocabularies are joined and refer to the whole directly, which says the same and takes a
    twentieth of the time; what `type` may be is asked in the order that tells what is wrong.
    """
    from jsonschema import Draft202012Validator
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

    whole = Draft202012Validator.META_SCHEMA
    known = [REGISTRY.contents(urljoin(whole["$id"], part["$ref"])) for part in whole["allOf"]]
    words = {word: form for part in known for word, form in part["properties"].items()}
    one, several = words["type"]["anyOf"]
    words["type"] = {"if": {"type": "array"}, "then": several, "else": one}
    joined = {
        "type": whole["type"],
        "properties": {word: form for word, form in words.items() if word in KEYWORDS},
        "$defs": {name: form for part in known for name, form in part.get("$defs", {}).items()},
    }
    return json.loads(json.dumps(joined).replace('"$dynamicRef": "#meta"', '"$ref": "#"'))


def _repeats(_validator: Any, unique: bool, items: JSON, _schema: JSON) -> Iterator[Any]:
    """Yield every string of a list that is there before: jsonschema compares all with all."""
    from jsonschema import ValidationError

    seen: set[str] = set()
    for index, item in enumerate(items if unique and isinstance(items, list) else ()):
        if isinstance(item, str) and item in seen:
            yield ValidationError("repeated", path=(index,), instance=item)
        elif isinstance(item, str):
            seen.add(item)


def _is_number(value: JSON) -> bool:
    return type(value) in (int, float)


def _is_count(value: JSON) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: JSON) -> bool:
    return isinstance(value, str)


def _is_list(value: JSON) -> bool:
    return isinstance(value, list)


def _are_types(value: JSON) -> bool:
    if isinstance(value, list):
        return _are_names(value) and bool(value) and all(name in JSON_TYPES for name in value)
    return value in JSON_TYPES


def _are_names(value: JSON) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _are_plain(value: JSON) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_plain, value))


def _are_named(value: JSON) -> bool:
    return isinstance(value, dict) and all(map(_is_plain, value.values()))


#: Words whose form a glance tells.
_PLAIN: Mapping[str, Callable[[JSON], bool]] = MappingProxyType(
    {
        word: test
        for words, test in (
            (("type",), _are_types),
            (("enum", "examples"), _is_list),
            (("const", "default"), lambda _: True),
            (("title", "description", "format", "pattern", "$ref", "$comment"), _is_text),
            (("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
            (("minLength", "maxLength", "minItems", "maxItems"), _is_count),
            (("required",), _are_names),
            (ONE, _is_plain),
            (LISTED, _are_plain),
            (NAMED, _are_named),
        )
        for word in words
    }
)
_WANTED: Mapping[str, str] = MappingProxyType(
    {
        "['object', 'boolean']": "a schema (an object, as `{type: string}`)",
        "object": "an object",
        "array": "a list",
        "string": "a string",
        "number": "a number",
        "integer": "an integer",
        "boolean": "true or false",
    }
)
