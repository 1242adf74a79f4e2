"""Values as an author writes them: data, references and text with slots, already parsed.

`$` hands a value over, `{{ }}` writes it into text. This module is only the shape; reading it is
`spec.expressions` and `spec.templates`, filling it in is `spec.evaluate`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter, is_
from types import MappingProxyType
from typing import Any, TypeAlias
from typing import Literal as OneOf

from spec.records import record

JSON: TypeAlias = Any  # None, bool, int, float, str, list of JSON, dict from str to JSON
Operator: TypeAlias = OneOf[
    "or", "and", "not", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "+"
]


@record
class Leaf:
    """Where a value comes from. Each room below adds its own: here `Name`, in a plan `Output`."""


@record
class Name(Leaf):
    """A name in scope: `inputs`, a step, `item`, or a name that a prompt declares."""

    id: str


@record
class AcceptedAt(Leaf):
    """When the run was accepted, as text: `now_iso()`."""


@record
class Literal:
    """Data that stands for itself."""

    value: JSON


@record
class Member:
    """`of.key`, `of["key"]` or `of[0]`: a dictionary key or a position, never an attribute.

    A key that is a value itself is computed first.
    """

    of: "Value"
    key: "str | int | Value"


@record
class Slice:
    """`of[start:end]`; a bound that is None was left out."""

    of: "Value"
    start: "Value | None"
    end: "Value | None"


@record
class Operation:
    """`not` has one operand, a comparison two, and a chain of `or`, `and` or `+` two or more."""

    op: Operator
    operands: tuple["Value", ...]


@record
class Call:
    """`function(argument, …)`, of the closed set of functions."""

    function: str
    arguments: tuple["Value", ...]


@record
class Formatter:
    """One `| name(argument)` in a slot."""

    name: str
    argument: JSON = None


@record
class Slot:
    """One `{{ value | formatter | … }}`."""

    value: "Value"
    formatters: tuple[Formatter, ...] = ()


@record
class Text:
    """A flat list of segments, read once: plain text or slots."""

    segments: tuple[str | Slot, ...]


@record
class ListOf:
    """A list some element of which is not plain data."""

    items: tuple["Value", ...]


@record
class ObjectOf:
    """An object some field of which is not plain data; key order is the author's."""

    fields: tuple[tuple[str, "Value"], ...]


Value: TypeAlias = Leaf | Literal | Member | Slice | Operation | Call | Text | ListOf | ObjectOf


def leaves(value: Value) -> Sequence[Leaf]:
    """Return every leaf of `value`, left to right, repeats included."""
    found: list[Leaf] = []
    left = [value]
    while left:
        value = left.pop()
        of = _PARTS.get(type(value))
        if of is not None:
            left += reversed(of(value))
        elif isinstance(value, Leaf):
            found.append(value)
    return found


def parts(value: Value) -> tuple[Value, ...]:
    """Return the values that `value` is directly made of, left to right."""
    of = _PARTS.get(type(value))
    return of(value) if of else ()


def _parts_of_member(value: Member) -> tuple[Value, ...]:
    return (value.of,) if isinstance(value.key, str | int) else (value.of, value.key)


def _parts_of_slice(value: Slice) -> tuple[Value, ...]:
    return tuple(part for part in (value.of, value.start, value.end) if part is not None)


def _parts_of_text(value: Text) -> tuple[Value, ...]:
    return tuple(segment.value for segment in value.segments if isinstance(segment, Slot))


_PARTS: Mapping[type, Callable[[Any], tuple[Value, ...]]] = MappingProxyType(
    {
        Member: _parts_of_member,
        Slice: _parts_of_slice,
        Operation: attrgetter("operands"),
        Call: attrgetter("arguments"),
        ListOf: attrgetter("items"),
        Text: _parts_of_text,
        ObjectOf: lambda value: tuple(field for _, field in value.fields),
    }
)
#: Types of values that are made of others.
COMPOUND = frozenset(_PARTS)


def rewrite(value: Value, rule: Callable[[Value], Value | None]) -> Value:
    """Return `value` with every part for which `rule` gives another one replaced by it.

    Parts are asked from the outside in; what a rule gives is not asked again.
    """
    replaced = rule(value)
    if replaced is not None:
        return replaced
    before = parts(value)
    after = [rewrite(part, rule) for part in before]
    if all(map(is_, after, before)):
        return value
    return _rebuilt(value, iter(after))


def _rebuilt(value: Value, made: Iterator[Value]) -> Value:
    """Return `value` with its parts, in the order of `parts`, replaced by those of `made`."""
    match value:
        case Member(_, key):
            return Member(next(made), key if isinstance(key, str | int) else next(made))
        case Slice(_, start, end):
            of, first = next(made), None if start is None else next(made)
            return Slice(of, first, None if end is None else next(made))
        case Operation(op, _):
            return Operation(op, tuple(made))
        case Call(function, _):
            return Call(function, tuple(made))
        case Text(segments):
            return Text(tuple(_segment(segment, made) for segment in segments))
        case ListOf():
            return ListOf(tuple(made))
        case ObjectOf(fields):
            return ObjectOf(tuple((key, next(made)) for key, _ in fields))
        case _:
            return value


def _segment(segment: str | Slot, made: Iterator[Value]) -> str | Slot:
    return segment if isinstance(segment, str) else Slot(next(made), segment.formatters)
