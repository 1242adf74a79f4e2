"""Whether what a run computed for a port of an operation is of the kind that the port takes.

An author's own text is checked when it is submitted; what is `any` there shows what it is here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from planner.primitives import OPS
from spec.evaluate import EvaluationError
from spec.model import Input
from spec.types import Type
from spec.values import JSON

_KINDS: Mapping[str, type | tuple[type, ...]] = MappingProxyType(
    {"string": str, "prompt": str, "integer": int, "number": (int, float), "boolean": bool}
)


def check_arrivals(op: str, args: Mapping[str, Any]) -> None:
    """Raise `EvaluationError` if one of `args` is nothing that the port of `op` takes."""
    at_sight = _TAKEN_AT_SIGHT[op]
    for port, value in args.items():
        if type(value) not in at_sight[port]:
            _check(op, port, value)


def _check(op: str, port: str, value: Any) -> None:
    wanted = OPS[op].inputs[port]
    if not _is_of(value, wanted.type):
        raise EvaluationError("wrong-type", port, f"this is not of the type {wanted.type}")
    if (limit := _passed(value, wanted.schema)) is not None:
        raise EvaluationError("bad-value", port, f"{value} is {limit}")


def _is_of(value: Any, wanted: Type) -> bool:
    """Say whether `value` is of the kind that is wanted. What objects hold is not asked."""
    if value is None or wanted.is_any:
        return wanted.optional or wanted.is_any
    if isinstance(value, np.ndarray):
        return wanted.word == "vector"
    if wanted.lists:
        if not value or not isinstance(value, list):
            return isinstance(value, list)
        element = wanted.element()
        return all(_is_of(item, element) for item in value)
    if isinstance(value, bool):
        return wanted.word == "boolean"
    return isinstance(value, _KINDS.get(wanted.word, dict))


def _passed(value: Any, schema: JSON) -> str | None:
    """Say which of the limits of `schema` a number that was computed in the run passes."""
    if not schema or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if value < schema.get("minimum", value):
        return f"below {schema['minimum']}, the least there is"
    if value > schema.get("maximum", value):
        return f"above {schema['maximum']}, the most there is"
    return None


def _at_sight(port: Input) -> frozenset[type]:
    """Return the types of which every value is taken: no list to look into, no limit to pass."""
    samples: tuple[object, ...] = ("", True, 0, 0.0, {}, None)
    bounded = (int, float) if port.schema.keys() & {"minimum", "maximum"} else ()
    return frozenset(
        type(each) for each in samples if _is_of(each, port.type) and type(each) not in bounded
    )


_TAKEN_AT_SIGHT: Mapping[str, Mapping[str, frozenset[type]]] = MappingProxyType(
    {name: {id: _at_sight(port) for id, port in op.inputs.items()} for name, op in OPS.items()}
)
