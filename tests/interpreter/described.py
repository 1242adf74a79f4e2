"""A value made up for a JSON Schema: what it says of types, choices, ranges and lengths is met."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from spec.values import JSON
from tests.interpreter.dice import Dice

_SPAN = 9  # how far a number or a length goes where only one end, or none, is given


def described(schema: Mapping[str, JSON], dice: Dice) -> JSON:
    """Return a value that `schema` allows, drawn with `dice`."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][dice.below(len(schema["enum"]))]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return described(schema[key][0], dice)
    words = schema.get("type", "string")
    if isinstance(words, list):
        words = words[dice.below(len(words))]
    return _MAKERS[words](schema, dice)


def _object(schema: Mapping[str, JSON], dice: Dice) -> JSON:
    required = schema.get("required", ())
    return {
        name: described(inner, dice)
        for name, inner in schema.get("properties", {}).items()
        if name in required or dice.below(2)
    }


def _array(schema: Mapping[str, JSON], dice: Dice) -> JSON:
    least, most = _span(schema, "minItems", "maxItems", 3)
    inner = schema.get("items", {})
    return [described(inner, dice) for _ in range(dice.between(max(0, least), most))]


def _string(schema: Mapping[str, JSON], dice: Dice) -> JSON:
    least, most = _span(schema, "minLength", "maxLength", _SPAN)
    length = dice.between(max(0, least), most)
    return "".join(dice.word() for _ in range(0, length, 6))[:length]


def _integer(schema: Mapping[str, JSON], dice: Dice) -> JSON:
    return dice.between(*_span(schema, "minimum", "maximum", _SPAN))


def _number(schema: Mapping[str, JSON], dice: Dice) -> JSON:
    least, most = _span(schema, "minimum", "maximum", _SPAN)
    return least + (most - least) * dice.below(5) / 4


def _span(schema: Mapping[str, JSON], least: str, most: str, span: int) -> tuple[JSON, JSON]:
    first = schema.get(least, min(0, schema.get(most, 0)))
    return first, schema.get(most, first + span)


_MAKERS: Mapping[str, Callable[[Mapping[str, JSON], Dice], JSON]] = MappingProxyType(
    {
        "object": _object,
        "array": _array,
        "string": _string,
        "integer": _integer,
        "number": _number,
        "boolean": lambda _, dice: dice.below(2) == 1,
        "null": lambda _, __: None,
    }
)
