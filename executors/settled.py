"""What is computed in place: what a structure depends on, and what it gives in the end.

Pure: values in, values and their shape out. Every error is an `EvaluationError`, or `Unjoinable`.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import orjson

from executors.errors import Unjoinable
from executors.ranking import in_order
from planner.structure import ELEMENTS_MAX, Shape
from spec.evaluate import EvaluationError
from spec.kinds import kind_of, shown_kind
from spec.meter import Fault, Meter
from spec.sameness import same_key
from spec.values import JSON

_ROUNDS_MAX = 100


def settled(op: str, params: Mapping[str, JSON]) -> tuple[dict[str, JSON], Shape]:
    """Return the outputs of a computed operation by port, and what is known by them."""
    if op == "barrier":
        return {}, Shape()
    if op == "join":
        return {params["port"]: _joined(params)}, Shape()
    return _opened(params) if op == "open" else _closed(params)


def _opened(params: Mapping[str, JSON]) -> tuple[dict[str, JSON], Shape]:
    outputs: dict[str, JSON] = {}
    count, fan_in = 0, 0
    if "items" in params:
        outputs["items"] = _list(params["items"])
        count = len(params["items"])
    if isinstance(params.get("cut"), list):  # what is no list is refused by whoever is handed it
        count = len(params["cut"])
    if "lent" in params:
        outputs["items"] = params["cut"]
    if "max" in params:
        count = _whole(params["max"], "max", 1, _ROUNDS_MAX)
    if "fan_in" in params:
        fan_in = _whole(params["fan_in"], "fan_in", 2, ELEMENTS_MAX)
    if "start" in params:
        outputs["start"] = params["start"]
    if "key" in params:
        outputs["items"] = hashed(params["key"])
    return outputs, Shape(_truth(params.get("condition", True), "if"), count, fan_in)


def _joined(params: Mapping[str, JSON]) -> list[JSON]:
    """Return what pieces gave as the whole would have: row after row, or the best of all."""
    rows = in_a_row(params["port"], params["lists"])
    return in_order(rows, params["top_k"]) if params["by"] == "score" else rows


def in_a_row(port: str, parts: Sequence[Any]) -> Any:
    """Return the rows of all `parts` as one list or array. Raise `Unjoinable`."""
    if not isinstance(parts[0], np.ndarray):
        return [row for part in parts for row in part]
    try:
        return np.concatenate(parts)
    except ValueError:
        raise Unjoinable(port) from None


def hashed(value: JSON) -> str:
    """Return the hash of a value. The order of keys counts."""
    return sha256(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)).hexdigest()


def _closed(params: Mapping[str, JSON]) -> tuple[dict[str, JSON], Shape]:
    if params.get("fault") is not None:
        raise EvaluationError("bad-value", "", params["fault"])
    if "rows" in params:
        value: JSON = _columns(params["rows"], params["fields"], params["collect"])
    else:
        value = params.get("value")
    return {"value": value}, Shape(_truth(params.get("until", False), "until"))


def _columns(
    rows: Sequence[Mapping[str, JSON] | None], fields: Sequence[str], collect: str | None
) -> dict[str, list[JSON]]:
    """Return each field of every element as a list. One that was dropped is None."""
    kept = [row for row in rows if row is not None]
    columns = {name: [row[name] for row in kept] for name in fields}
    if collect is not None:
        columns[collect] = _collected(columns[collect])
    return columns


def _collected(lists: Sequence[JSON]) -> list[JSON]:
    """Join lists in order; nulls and repeats are left out, of those that are the same the first
    stays.
    """
    first: dict[object, JSON] = {}
    try:
        for part in lists:
            for item in [] if part is None else _list(part):
                if item is not None:
                    first.setdefault(same_key(item, Meter()), item)
    except Fault as fault:
        raise EvaluationError(fault.code, "collect", fault.detail) from None
    return list(first.values())


def _list(value: Any) -> list[JSON]:
    if kind_of(value) != "list":
        raise EvaluationError("wrong-type", "", f"{shown_kind(value)}, where a list is wanted")
    if len(value) > ELEMENTS_MAX:
        detail = f"a list of {len(value)}, more than {ELEMENTS_MAX} (`elements_max`)"
        raise EvaluationError("too-large", "", detail)
    items: list[JSON] = value
    return items


def _whole(value: JSON, name: str, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise EvaluationError("bad-value", name, f"an integer from {least} to {most} is wanted")
    return value


def _truth(value: JSON, name: str) -> bool:
    if kind_of(value) not in ("boolean", "null"):
        raise EvaluationError("wrong-type", name, f"{shown_kind(value)}, where a boolean is wanted")
    return bool(value)
