"""What may be written where a value is wanted, as JSON Schema: data, an expression, or text.

A schema here may accept more than the checker does, which knows what an expression gives, and never
less. It is draft-07, the newest that every editor reads.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from spec.types import RECORDS, Type
from spec.values import JSON

Schema: TypeAlias = dict[str, JSON]

EXPRESSION = r"^\$"
_FREE = r"^\$|\{\{"  # an expression, or text whose slots are not filled yet
_NEEDS_EXPRESSION = "This is text; an expression starts with $"
_EVERY_KIND = ("string", "number", "boolean", "object", "array", "null")
_KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("string", "prompt"), ()),
        "integer": ("integer",),
        "number": ("number",),
        "boolean": ("boolean",),
        **dict.fromkeys(("object", "schema", *RECORDS), ("object",)),
    }
)
# What an author's schema says of a number or a string that every editor understands alike.
_OF_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_OF_STRINGS = ("minLength",)
_OF_ANY = ("enum", "const")
_RECORDS = ("doc", "message")  # a `file` is written in more than one way


def anything() -> Schema:
    """Return the schema of any value. It names every kind, for editors go by that."""
    return {"type": list(_EVERY_KIND)}


def taken(type: Type, rules: Mapping[str, JSON] | None = None) -> Schema:
    """Return the schema of what may be written where `type` is wanted.

    Of `rules`, a JSON Schema of the author's, only what can be held against one number or string
    counts: an object or a list with an expression in it is known when it has been computed.
    """
    if type.lists:
        return _list(type)
    if type.is_any:
        return anything()
    schema = expression_or(*_KINDS.get(type.word, ()), optional=type.optional)
    if type.word in ("string", "prompt"):
        schema = {"type": schema["type"]}
    if type.word in ("integer", "number"):
        schema |= _picked(rules, _OF_NUMBERS)
    if type.word in _RECORDS:
        schema["allOf"] = [reference(type.word)]
    if type.word == "schema":
        schema["allOf"] = [{"additionalProperties": reference("workflow_input")}]
    return schema | _choices(type, rules)


def expression_or(*kinds: str, optional: bool = False) -> Schema:
    """Return the schema of a value of one of `kinds`, or an expression that gives one."""
    several = [*kinds, *["null"] * optional]
    return {
        "type": ["string", *several] if several else "string",
        "pattern": EXPRESSION,
        "patternErrorMessage": _NEEDS_EXPRESSION,
    }


def one_of(names: Iterable[str]) -> Schema:
    """Return the schema of one of `names`, in order; an empty `enum` would be no schema."""
    ordered = sorted(names)
    return {"enum": ordered} if ordered else {"not": {}}


def any_of(keys: Iterable[str], message: str) -> list[Schema]:
    """Return the ways to have at least one of `keys`, each of which says so."""
    return [{"required": [key], "errorMessage": message} for key in keys]


def reference(name: str) -> Schema:
    """Return the schema that stands in another place under `name`."""
    return {"$ref": f"#/definitions/{name}"}


def records() -> dict[str, Schema]:
    """Return the schemas of the objects that have a name, by that name."""
    return {word: _record(RECORDS[word]) for word in _RECORDS}


def _list(type: Type) -> Schema:
    schema = expression_or("array", optional=type.optional)
    if not type.element().is_any:
        # One step in, or an editor would start the value as a list, which it hardly ever is.
        schema["allOf"] = [{"items": taken(type.element())}]
    return schema


def _record(fields: Mapping[str, Type]) -> Schema:
    return {
        "properties": {name: taken(type) for name, type in fields.items()},
        "required": [name for name, type in fields.items() if not type.optional],
        "additionalProperties": False,
    }


def _choices(type: Type, rules: Mapping[str, JSON] | None) -> Schema:
    """Return what narrows a value down, with a way out for what is not written in full here."""
    names = (*_OF_ANY, *_OF_STRINGS) if type.word in ("string", "prompt") else _OF_ANY
    chosen = _picked(rules, names)
    if not chosen:
        return {}
    ways: list[Schema] = [chosen, {"type": "string", "pattern": _FREE}]
    return {"anyOf": [*ways, {"type": "null"}] if type.optional else ways}


def _picked(rules: Mapping[str, JSON] | None, names: Sequence[str]) -> Schema:
    return {name: rules[name] for name in names if rules and name in rules}
