"""When two values are equal, and when they are the same. Deep, and by kind: `1` is never `true`."""

from collections.abc import Hashable

from spec.kinds import kind_of
from spec.limits import VALUE_DEPTH_MAX
from spec.meter import Fault, Meter
from spec.values import JSON

_KEYS = frozenset({str})


def equal(left: JSON, right: JSON, meter: Meter, depth: int = 0) -> bool:
    """Whether two values are equal. Values of different kinds are not."""
    kind = kind_of(left)
    _look(left, meter, depth)
    if kind != kind_of(right):
        _look(right, meter, depth)
        return False
    if kind == "list":
        return len(left) == len(right) and all(
            equal(a, b, meter, depth + 1) for a, b in zip(left, right, strict=True)
        )
    if kind == "object":
        _look_at_keys(right)
        return len(left) == len(right) and all(
            key in right and equal(value, right[key], meter, depth + 1)
            for key, value in left.items()
        )
    return bool(left == right)


def equality_key(value: JSON, meter: Meter, depth: int = 0) -> Hashable:
    """Return what two values share exactly when they are equal."""
    kind = kind_of(value)
    _look(value, meter, depth)
    if kind == "list":
        return ("list", *(equality_key(item, meter, depth + 1) for item in value))
    if kind == "object":
        pairs = ((key, equality_key(item, meter, depth + 1)) for key, item in value.items())
        return ("object", frozenset(pairs))
    if kind == "boolean":
        return ("boolean", value)
    plain: Hashable = value
    return plain


def same_key(value: JSON, meter: Meter) -> Hashable:
    """Return what two values share exactly when they are the same: by `id`, or else by equality."""
    if kind_of(value) == "object" and value.get("id") is not None:
        return ("id", equality_key(value["id"], meter))
    return equality_key(value, meter)


def _look(value: JSON, meter: Meter, depth: int) -> None:
    kind = kind_of(value)
    meter.visit(len(value) if kind == "string" else 0)
    if kind == "opaque":
        raise Fault("wrong-type", "it holds something that can only be handed on")
    if depth > VALUE_DEPTH_MAX:
        detail = f"it is nested deeper than {VALUE_DEPTH_MAX} levels"
        raise Fault("too-large", f"{detail} (`value_depth_max`)")
    if kind == "object":
        _look_at_keys(value)


def _look_at_keys(value: JSON) -> None:
    if not _KEYS.issuperset(map(type, value)):
        raise Fault("wrong-type", "it holds a key that is no string")
