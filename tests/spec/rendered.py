"""Values that were read, written again: as expressions, as text, as data of a page."""

import json
import re
from collections.abc import Iterable
from typing import Any

from spec.values import (
    AcceptedAt,
    Call,
    Formatter,
    ListOf,
    Literal,
    Member,
    Name,
    ObjectOf,
    Operation,
    Slice,
    Slot,
    Text,
    Value,
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BINDS = {"or": 1, "and": 2, "not": 3, "+": 5}
_COMPARES, _ATOM = 4, 6


def expression(value: Value) -> str:
    """Write `value` as an expression, without its `$`."""
    return _expression(value, 0)


def template(value: Value) -> str:
    """Write `value`, which is a string or text with slots, as text."""
    segments = (value.value,) if isinstance(value, Literal) else value.segments
    text = "".join(
        segment.replace("{{", "{{{{") if isinstance(segment, str) else _slot(segment)
        for segment in segments
    )
    return f"${text}" if text.startswith("$") else text


def node(value: Value) -> Any:
    """Write `value` as data of a page."""
    match value:
        case Literal(data):
            return _data(data)
        case ListOf(items):
            return [node(item) for item in items]
        case ObjectOf(fields):
            return {key: node(field) for key, field in fields}
        case Text():
            return template(value)
        case _:
            return f"${expression(value)}"


def _expression(value: Value, binding: int) -> str:
    text, own = _written(value)
    return text if own >= binding else f"({text})"


def _written(value: Value) -> tuple[str, int]:
    """Return how `value` is written and how strongly that binds."""
    if isinstance(value, Operation):
        return _operation(value)
    return _atom(value), _ATOM


def _atom(value: Value) -> str:
    match value:
        case Member(of, key):
            return f"{_expression(of, _ATOM)}{_key(key)}"
        case Slice(of, start, end):
            first, last = ("" if bound is None else expression(bound) for bound in (start, end))
            return f"{_expression(of, _ATOM)}[{first}:{last}]"
        case Call(function, arguments):
            return f"{function}({_listed(arguments)})"
        case ListOf(items):
            return f"[{_listed(items)}]"
        case Literal(data):
            return _constant(data)
        case AcceptedAt():
            return "now_iso()"
    return _named(value)


def _named(value: Value) -> str:
    match value:
        case Name(id):
            return id
        case ObjectOf(((_, Member(Name(id), _)), *_)):
            return id  # all of what it names, which an expression never writes out
    raise TypeError(f"{value} stands in no expression")


def _operation(value: Operation) -> tuple[str, int]:
    binds = _BINDS.get(value.op, _COMPARES)
    if value.op == "not":
        return f"not {_expression(value.operands[0], binds)}", binds
    operands = (_expression(operand, binds + 1) for operand in value.operands)
    return f" {value.op} ".join(operands), binds


def _listed(values: Iterable[Value]) -> str:
    return ", ".join(map(expression, values))


def _key(key: str | int | Value) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    if isinstance(key, str):
        return f".{key}" if _NAME.fullmatch(key) else f"[{_constant(key)}]"
    return f"[{expression(key)}]"


def _constant(data: Any) -> str:
    if isinstance(data, str):
        return _string(data)
    return f"[{', '.join(map(_constant, data))}]" if isinstance(data, list) else json.dumps(data)


def _string(text: str, *, pattern: bool = False) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    escaped = escaped.replace("\t", "\\t")
    if pattern:
        escaped = escaped.replace("\\\\{", "\\{")
    return f"'{escaped}'"


def _slot(slot: Slot) -> str:
    formatters = "".join(f" | {_formatter(formatter)}" for formatter in slot.formatters)
    return f"{{{{ {expression(slot.value)}{formatters} }}}}"


def _formatter(formatter: Formatter) -> str:
    argument = formatter.argument
    if argument is None:
        return formatter.name
    shown = _string(argument, pattern=True) if isinstance(argument, str) else json.dumps(argument)
    return f"{formatter.name}({shown})"


def _data(data: Any) -> Any:
    if isinstance(data, str):
        return template(Literal(data))
    if isinstance(data, list):
        return [_data(item) for item in data]
    if isinstance(data, dict):
        return {key: _data(item) for key, item in data.items()}
    return data
