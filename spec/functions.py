"""The closed set of functions: how each is called, what it gives, and what it does with data."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from spec.formatters import put_together, text_of
from spec.kinds import kind_of, shown_kind
from spec.meter import Fault, Meter
from spec.operators import number, require, wrong
from spec.sameness import equality_key, same_key
from spec.values import JSON

_LIST = "a list"
_STRING = "a string"


@dataclass(frozen=True, slots=True)
class Function:
    """One function. `most` is None when it takes any number of arguments from `least` on."""

    takes: str
    gives: str
    least: int
    most: int | None
    run: Callable[[Sequence[Any], Meter], JSON]

    def refuses(self, count: int) -> bool:
        """Whether it cannot be called with `count` arguments."""
        return count < self.least or (self.most is not None and count > self.most)

    @property
    def wanted(self) -> str:
        """How many arguments it takes, as it stands in a sentence."""
        more = "" if self.most is not None else " or more"
        return f"{self.least}{more} argument{'s' * (self.least != 1 or self.most is None)}"


def call(name: str, arguments: Sequence[JSON], meter: Meter) -> JSON:
    """Return what function `name` gives for `arguments`. Raises `Fault`."""
    return FUNCTIONS[name].run(arguments, meter)


def _len(arguments: Sequence[Any], _: Meter) -> int:
    if kind_of(arguments[0]) not in ("string", "list", "object"):
        raise wrong(arguments[0], "`len`", "a string, a list or an object", 0)
    return len(arguments[0])


def _end(name: str, position: int) -> Callable[[Sequence[Any], Meter], JSON]:
    def run(arguments: Sequence[Any], _: Meter) -> JSON:
        items = _list(arguments[0], name)
        return items[position] if items else None

    return run


def _coalesce(arguments: Sequence[Any], _: Meter) -> JSON:
    return next((value for value in arguments if value is not None), None)


def _compact(arguments: Sequence[Any], meter: Meter) -> list[JSON]:
    items = [] if arguments[0] is None else _list(arguments[0], "compact")
    meter.list(len(items))
    return [item for item in items if item is not None]


def _flatten(arguments: Sequence[Any], meter: Meter) -> list[JSON]:
    found: list[JSON] = []
    for part in _list(arguments[0], "flatten"):
        if part is not None:
            if kind_of(part) != "list":
                detail = f"`flatten` takes a list of lists, and an element is {shown_kind(part)}"
                raise Fault("wrong-type", detail, 0)
            meter.list(len(found) + len(part) if part else 0)
            found += part
    return found


def _unique(arguments: Sequence[Any], meter: Meter) -> list[JSON]:
    items = _list(arguments[0], "unique")
    meter.list(len(items))
    first: dict[object, JSON] = {}
    for item in items:
        first.setdefault(same_key(item, meter), item)
    return list(first.values())


def _zip(arguments: Sequence[Any], meter: Meter) -> list[JSON]:
    lists = [_list(items, "zip", position) for position, items in enumerate(arguments)]
    shortest = min(len(items) for items in lists)
    meter.list(shortest)
    meter.spend(shortest * len(lists))
    return [list(row) for row in zip(*lists, strict=False)]


def _join(arguments: Sequence[Any], meter: Meter) -> str:
    items = _elements(arguments[0], "join", meter)
    require(arguments[1], "string", "`join`", "a separator: a string", 1)
    texts = (text_of(item, meter) for item in items)
    joined = put_together(texts, arguments[1], meter.bound)
    meter.string(len(joined))
    return joined


def _split(arguments: Sequence[Any], meter: Meter) -> list[JSON]:
    text, separator = arguments
    for position, value in enumerate(arguments):
        require(value, "string", "`split`", "two strings", position)
    if not separator:
        raise Fault("bad-value", "`split` needs a separator that is not empty", 1)
    meter.visit(len(text))
    meter.list(text.count(separator) + 1)
    meter.string(len(text))
    return list(text.split(separator))


def _lower(arguments: Sequence[Any], meter: Meter) -> str:
    return _string(arguments[0], "lower", meter).lower()


def _upper(arguments: Sequence[Any], meter: Meter) -> str:
    return _string(arguments[0], "upper", meter).upper()


def _trim(arguments: Sequence[Any], meter: Meter) -> str:
    return _string(arguments[0], "trim", meter).strip()


def _sum(arguments: Sequence[Any], meter: Meter) -> JSON:
    items = _alike(arguments[0], "sum", ("number",), meter)
    for item in items:
        number(item)
    if all(isinstance(item, int) for item in items):
        return number(sum(items))
    try:
        return number(math.fsum(items))
    except OverflowError:
        return number(math.inf)


def _least(arguments: Sequence[Any], meter: Meter) -> JSON:
    return min(_alike(arguments[0], "min", ("number", "string"), meter), default=None)


def _greatest(arguments: Sequence[Any], meter: Meter) -> JSON:
    return max(_alike(arguments[0], "max", ("number", "string"), meter), default=None)


def _most_common(arguments: Sequence[Any], meter: Meter) -> JSON:
    counts: dict[object, int] = {}
    first: dict[object, JSON] = {}
    for item in _list(arguments[0], "most_common"):
        key = equality_key(item, meter)
        counts[key] = counts.get(key, 0) + 1
        first.setdefault(key, item)
    return first[max(counts, key=counts.__getitem__)] if counts else None


def _range(arguments: Sequence[Any], meter: Meter) -> list[JSON]:
    (end,) = arguments
    if type(end) is not int:
        raise wrong(end, "`range`", "an integer", 0)
    meter.list(max(0, end))
    return list(range(end))


def _list(value: JSON, name: str, operand: int = 0) -> list[JSON]:
    require(value, "list", f"`{name}`", _LIST, operand)
    items: list[JSON] = value
    return items


def _elements(value: JSON, name: str, meter: Meter) -> list[JSON]:
    """Return the elements of a list, none of which may be null."""
    items = _list(value, name)
    meter.spend(len(items))  # the search for a null looks at each
    if any(item is None for item in items):
        detail = f"`{name}` takes a list without nulls; hand it `compact(…)`"
        raise Fault("may-be-null", detail, 0)
    return items


def _alike(value: JSON, name: str, kinds: tuple[str, ...], meter: Meter) -> list[Any]:
    """Return the elements of a list, all of one kind and that one of `kinds`."""
    items = _elements(value, name, meter)
    wanted = " or all ".join(f"{kind}s" for kind in kinds)
    for item in items:
        kind = kind_of(item)
        meter.visit(len(item) if kind == "string" else 0)
        if kind not in kinds or kind != kind_of(items[0]):
            detail = f"`{name}` takes a list of all {wanted}, and an element is {shown_kind(item)}"
            raise Fault("wrong-type", detail, 0)
    return items


def _string(value: JSON, name: str, meter: Meter) -> str:
    require(value, "string", f"`{name}`", _STRING, 0)
    meter.string(len(value))
    meter.spend(len(value))  # these look at each character
    return str(value)


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "len": Function("x", "how many characters, elements or keys", 1, 1, _len),
        "first": Function("l", "the first element, null for an empty list", 1, 1, _end("first", 0)),
        "last": Function("l", "the last element, null for an empty list", 1, 1, _end("last", -1)),
        "coalesce": Function("a, …", "the first that is not null, else null", 1, None, _coalesce),
        "compact": Function("l", "the list without nulls", 1, 1, _compact),
        "flatten": Function("l", "one level of lists fewer, null lists skipped", 1, 1, _flatten),
        "unique": Function("l", "the list without repeats, the first stays", 1, 1, _unique),
        "zip": Function(
            "a, b, …", "lists of one element of each, as long as the shortest", 2, None, _zip
        ),
        "join": Function("l, sep", "the texts of the elements with sep between", 2, 2, _join),
        "split": Function("s, sep", "the parts of a string between the seps", 2, 2, _split),
        "lower": Function("s", "the string in small letters", 1, 1, _lower),
        "upper": Function("s", "the string in capital letters", 1, 1, _upper),
        "trim": Function("s", "the string without white space at its ends", 1, 1, _trim),
        "sum": Function("l", "the sum of the numbers, 0 for an empty list", 1, 1, _sum),
        "min": Function("l", "the least number or string, null for an empty list", 1, 1, _least),
        "max": Function(
            "l", "the greatest number or string, null for an empty list", 1, 1, _greatest
        ),
        "most_common": Function(
            "l",
            "the most frequent value, the earliest on a tie, null for an empty list",
            1,
            1,
            _most_common,
        ),
        "range": Function("n", "the integers from 0 to n - 1", 1, 1, _range),
    }
)
NOW = "now_iso"
NOW_GIVES = "when the run was accepted, RFC 3339 in UTC: one value for the whole run"
NAMES = (*FUNCTIONS, NOW)
