"""How a value becomes text: the formatters of a slot and the text of an element."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from spec.kinds import kind_of, shown_kind
from spec.limits import VALUE_DEPTH_MAX
from spec.meter import Fault, Meter
from spec.patterns import Field, read_pattern
from spec.values import JSON, Formatter


def apply(formatter: Formatter, value: JSON, meter: Meter) -> JSON:
    """Return what `formatter` gives for `value`. Raises `Fault`."""
    return FORMATTERS[formatter.name].run(value, formatter.argument, meter)


def write(value: JSON, meter: Meter) -> str:
    """Return `value` as it stands in text without a formatter. Raises `Fault` for null."""
    if kind_of(value) == "string":
        return str(value)
    if value is None:
        raise Fault("may-be-null", "it is null here; give it a `default`")
    return compact(value, meter)


def text_of(element: JSON, meter: Meter) -> str:
    """Return the text of an element: a string itself, an object's `text`, else its JSON."""
    kind = kind_of(element)
    if kind == "object" and kind_of(element.get("text")) == "string":
        element = element["text"]
    if kind_of(element) == "string":
        meter.visit()
        return str(element)
    return compact(element, meter)


def compact(value: JSON, meter: Meter) -> str:
    """Return JSON without spaces, keys in order, with no escapes beyond JSON's own."""
    meter.room(_length(value, meter))
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        raise Fault("wrong-type", "it holds a number that JSON has no form for") from None
    meter.room(len(text))  # escapes have made it longer
    return text


def _length(value: JSON, meter: Meter, depth: int = 0) -> int:
    """Return about how long the JSON of `value` is, having looked at all of it."""
    kind = kind_of(value)
    meter.visit()
    if kind == "opaque":
        raise Fault("wrong-type", "it holds something that cannot be written as text")
    if depth > VALUE_DEPTH_MAX:
        detail = f"it is nested deeper than {VALUE_DEPTH_MAX} levels"
        raise Fault("too-large", f"{detail} (`value_depth_max`)")
    if kind == "string":
        return len(value) + 2
    if kind == "list":
        return 2 + sum(_length(item, meter, depth + 1) + 1 for item in value)
    if kind == "object":
        return 2 + sum(_key(key) + _length(value[key], meter, depth + 1) for key in value)
    return 4


def _key(key: JSON) -> int:
    if kind_of(key) != "string":
        raise Fault("wrong-type", "it holds a key that is no string")
    return len(key) + 4


def put_together(texts: Iterable[str], separator: str, check: Callable[[int], None]) -> str:
    """Return `texts` with `separator` between. `check` is told how long that has become so far."""
    found: list[str] = []
    length = 0
    for text in texts:
        length += len(text) + len(separator)
        check(length)
        found.append(text)
    return separator.join(found)


def _numbered(value: JSON, _: JSON, meter: Meter) -> str:
    items = _list(value, "numbered")
    lines = (f"[{number}] {text_of(item, meter)}" for number, item in enumerate(items, 1))
    return put_together(lines, "\n", meter.room)


def _join(value: JSON, separator: JSON, meter: Meter) -> str:
    texts = (text_of(item, meter) for item in _list(value, "join"))
    return put_together(texts, separator, meter.room)


def _json(value: JSON, _: JSON, meter: Meter) -> str:
    return compact(value, meter)


def _default(value: JSON, instead: JSON, _: Meter) -> JSON:
    return instead if value is None else value


def _truncate(value: JSON, length: JSON, _: Meter) -> str:
    if kind_of(value) == "string":
        return str(value)[: int(length)]
    raise _wrong(value, "truncate", "a string")


def _each(value: JSON, pattern: JSON, meter: Meter) -> str:
    parts = read_pattern(pattern) or ()
    items = enumerate(_list(value, "each"), 1)
    texts = (_part(part, number, item, meter) for number, item in items for part in parts)
    return put_together(texts, "", meter.room)


def _part(part: str | Field, number: int, item: JSON, meter: Meter) -> str:
    if isinstance(part, str):
        return part
    meter.visit()
    if part.is_number:
        return str(number)
    if not part.names:
        return text_of(item, meter)
    for name in part.names:
        if item is None:
            break
        if kind_of(item) != "object":
            detail = f"`each` reads the field `{name}`, and this is {shown_kind(item)}"
            raise Fault("wrong-type", detail)
        item = item.get(name)
    return "" if item is None else text_of(item, meter)


def _list(value: JSON, name: str) -> list[JSON]:
    if kind_of(value) == "list":
        items: list[JSON] = value
        return items
    raise _wrong(value, name, "a list")


def _wrong(value: JSON, name: str, wanted: str) -> Fault:
    detail = f"`{name}` takes {wanted}, and this is {shown_kind(value)}"
    return Fault("may-be-null" if value is None else "wrong-type", detail)


@dataclass(frozen=True, slots=True)
class Known:
    """One formatter: how it is written, what it makes of what, and how."""

    written: str
    gives: str
    run: Callable[[JSON, JSON, Meter], JSON]


FORMATTERS: Mapping[str, Known] = MappingProxyType(
    {
        "numbered": Known(
            "numbered", "of a list: lines `[1] text`, `[2] text`, … one for each element", _numbered
        ),
        "json": Known("json", "of anything: compact JSON, keys in order", _json),
        "join": Known("join(sep)", "of a list: the texts of its elements, sep between", _join),
        "default": Known("default(x)", "of null: x; anything else is unchanged", _default),
        "truncate": Known("truncate(n)", "of a string: its first n characters", _truncate),
        "each": Known(
            "each(p)",
            "of a list: p once for each element, where `{i}` is its number from 1, `{}` its text, "
            "`{name}` its field and `\\{` a brace",
            _each,
        ),
    }
)
