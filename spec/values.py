"""Values as an author writes them: data, references and text with slots, already parsed.

`$` hands a value over, `{{ }}` writes it into text. This module is only the shape; reading it is
`spec.expressions` and `spec.templates`, filling it in is `spec.evaluate`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

JSON: TypeAlias = Any  # None, bool, int, float, str, list of JSON, dict from str to JSON


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where a value comes from. Each room below adds its own: here `Name`, in a plan `Output`."""


@dataclass(frozen=True, slots=True)
class Name(Leaf):
    """A name in scope: `inputs`, a step, `item`, or a name that a prompt declares."""

    id: str


@dataclass(frozen=True, slots=True)
class Literal:
    """Data that stands for itself."""

    value: JSON


@dataclass(frozen=True, slots=True)
class Member:
    """`of.key`, `of["key"]` or `of[0]`: a dictionary key or a position, never an attribute."""

    of: "Value"
    key: str | int


@dataclass(frozen=True, slots=True)
class Formatter:
    """One `| name(argument)` in a slot."""

    name: str
    argument: JSON = None


@dataclass(frozen=True, slots=True)
class Slot:
    """One `{{ value | formatter | … }}`."""

    value: "Value"
    formatters: tuple[Formatter, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A flat list of segments, read once: plain text or slots."""

    segments: tuple[str | Slot, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list some element of which is not plain data."""

    items: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """An object some field of which is not plain data; key order is the author's."""

    fields: tuple[tuple[str, "Value"], ...]


Value: TypeAlias = Leaf | Literal | Member | Text | ListOf | ObjectOf


def leaves(value: Value) -> Iterator[Leaf]:
    """Yield every leaf of `value`, left to right, repeats included."""
    if isinstance(value, Leaf):
        yield value
    for part in parts(value):
        yield from leaves(part)


def parts(value: Value) -> tuple[Value, ...]:
    """Return the values that `value` is directly made of, left to right."""
    match value:
        case Member(of):
            return (of,)
        case Text(segments):
            return tuple(segment.value for segment in segments if isinstance(segment, Slot))
        case ListOf(items):
            return items
        case ObjectOf(fields):
            return tuple(field for _, field in fields)
        case _:
            return ()


def rewrite(value: Value, rule: Callable[[Value], Value | None]) -> Value:
    """Return `value` with every part for which `rule` gives another one replaced by it.

    Parts are asked from the outside in; what a rule gives is not asked again.
    """
    replaced = rule(value)
    if replaced is not None:
        return replaced
    match value:
        case Member(of, key):
            return Member(rewrite(of, rule), key)
        case Text(segments):
            return Text(tuple(_segment(segment, rule) for segment in segments))
        case ListOf(items):
            return ListOf(tuple(rewrite(item, rule) for item in items))
        case ObjectOf(fields):
            return ObjectOf(tuple((key, rewrite(field, rule)) for key, field in fields))
        case _:
            return value


def _segment(segment: str | Slot, rule: Callable[[Value], Value | None]) -> str | Slot:
    if isinstance(segment, str):
        return segment
    return replace(segment, value=rewrite(segment.value, rule))
