"""What `+`, the comparisons and `in` do with data. `and`, `or` and `not` are `spec.evaluate`'s."""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from spec.kinds import kind_of, shown_kind
from spec.limits import INTEGER_MAX
from spec.meter import Fault, Meter
from spec.sameness import equal
from spec.values import JSON, Operator


def operate(operator: Operator, operands: Sequence[JSON], meter: Meter) -> JSON:
    """Return what `operator` gives for `operands`. Raises `Fault`."""
    if operator == "+":
        return _plus(operands, meter)
    left, right = operands
    return _COMPARISONS[operator](left, right, meter)


def number(value: JSON) -> JSON:
    """Return the result of some arithmetic if it can be told exactly. Raises `Fault`."""
    if isinstance(value, int) and abs(value) > INTEGER_MAX:
        raise Fault("too-large", "an integer beyond 2^53 - 1 would not be exact (`integer_max`)")
    if isinstance(value, float) and not math.isfinite(value):
        raise Fault("too-large", "the number would be too large (`number_max`)")
    return value


def require(value: JSON, kind: str, of: str, wanted: str, operand: int) -> None:
    """Raise `Fault` unless `value` is of `kind`."""
    if kind_of(value) != kind:
        raise wrong(value, of, wanted, operand)


def wrong(value: JSON, of: str, wanted: str, operand: int | None = None) -> Fault:
    """Return the fault of handing `value` to what takes something else."""
    detail = f"{of} takes {wanted}, and this is {shown_kind(value)}"
    return Fault("may-be-null" if value is None else "wrong-type", detail, operand)


def _plus(operands: Sequence[JSON], meter: Meter) -> JSON:
    kind = kind_of(operands[0])
    add = _ADDED.get(kind)
    if add is None:
        raise wrong(operands[0], "`+`", "numbers, strings or lists", 0)
    for position, operand in enumerate(operands):
        require(operand, kind, "`+`", f"one more {kind}", position)
    return add(operands, meter)


def _sum(operands: Sequence[Any], meter: Meter) -> JSON:
    total = number(operands[0])
    for operand in operands[1:]:
        meter.visit()
        total = number(total + number(operand))
    return total


def _joined(operands: Sequence[Any], meter: Meter) -> str:
    meter.string(sum(len(operand) for operand in operands))
    return "".join(operands)


def _chained(operands: Sequence[Any], meter: Meter) -> list[JSON]:
    meter.list(sum(len(operand) for operand in operands))
    return [item for operand in operands for item in operand]


def _equal(left: JSON, right: JSON, meter: Meter) -> bool:
    return equal(left, right, meter)


def _unequal(left: JSON, right: JSON, meter: Meter) -> bool:
    return not equal(left, right, meter)


def _ordering(sign: str, holds: Callable[[Any, Any], bool]) -> Callable[[JSON, JSON, Meter], bool]:
    def compare(left: JSON, right: JSON, meter: Meter) -> bool:
        kind = kind_of(left)
        if kind not in ("number", "string"):
            raise wrong(left, f"`{sign}`", "two numbers or two strings", 0)
        require(right, kind, f"`{sign}`", f"another {kind}", 1)
        meter.visit(len(left) if kind == "string" else 0)
        return holds(left, right)

    return compare


def _within(left: JSON, right: JSON, meter: Meter) -> bool:
    kind = kind_of(right)
    if kind == "list":
        return any(equal(left, item, meter) for item in right)
    if kind not in ("string", "object"):
        raise wrong(right, "the right side of `in`", "a list, a string or an object", 1)
    require(left, "string", f"`in` {shown_kind(right)}", "a string", 0)
    meter.visit(len(right) if kind == "string" else 0)
    return left in right


def _not_within(left: JSON, right: JSON, meter: Meter) -> bool:
    return not _within(left, right, meter)


_ADDED: Mapping[str, Callable[[Sequence[Any], Meter], JSON]] = MappingProxyType(
    {"number": _sum, "string": _joined, "list": _chained}
)
_COMPARISONS: Mapping[Operator, Callable[[JSON, JSON, Meter], bool]] = MappingProxyType(
    {
        "==": _equal,
        "!=": _unequal,
        "<": _ordering("<", lambda left, right: left < right),
        "<=": _ordering("<=", lambda left, right: left <= right),
        ">": _ordering(">", lambda left, right: left > right),
        ">=": _ordering(">=", lambda left, right: left >= right),
        "in": _within,
        "not in": _not_within,
    }
)
