"""How a value becomes text: the formatters of a slot and the text of an element."""

import json
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from spec.codes import Code
from spec.patterns import Field, read_pattern
from spec.values import JSON, Formatter


class FormatError(Exception):
    """A value that a formatter does not take."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Room:
    """How much text may still be written: `chars_max` characters in all."""

    def __init__(self, chars_max: int) -> None:
        self.chars_max = chars_max
        self._left = chars_max

    def join(self, parts: Iterable[str], separator: str = "") -> str:
        """Return `parts` with `separator` between them. Raises `FormatError` before it is long."""
        kept: list[str] = []
        for part in parts:
            self._left -= len(part) + len(separator)
            if self._left < 0:
                detail = f"more text than {self.chars_max} characters (`value_bytes_max`)"
                raise FormatError("too-large", detail)
            kept.append(part)
        return separator.join(kept)


def apply(formatter: Formatter, value: JSON, chars_max: int) -> JSON:
    """Return what `formatter` gives for `value`. Raises `FormatError`."""
    return _APPLY[formatter.name](value, formatter.argument, Room(chars_max))


def write(value: JSON) -> str:
    """Return `value` as it stands in text without a formatter. Raises `FormatError` for null."""
    if isinstance(value, str):
        return value
    if value is None:
        raise FormatError("may-be-null", "it is null here; give it a `default`")
    return compact(value)


def text_of(element: JSON) -> str:
    """Return the text of an element: a string itself, an object's `text`, else its JSON."""
    if isinstance(element, str):
        return element
    if isinstance(element, dict) and isinstance(element.get("text"), str):
        text: str = element["text"]
        return text
    return compact(element)


def compact(value: JSON) -> str:
    """Return JSON without spaces, keys in order, with no escapes beyond JSON's own."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise FormatError("wrong-type", "it cannot be written as text") from None


def _numbered(value: JSON, _: JSON, room: Room) -> str:
    items = enumerate(_list(value, "numbered"), 1)
    return room.join((f"[{number}] {text_of(item)}" for number, item in items), "\n")


def _join(value: JSON, separator: JSON, room: Room) -> str:
    return room.join(map(text_of, _list(value, "join")), str(separator))


def _json(value: JSON, _: JSON, room: Room) -> str:
    return room.join([compact(value)])


def _default(value: JSON, instead: JSON, _: Room) -> JSON:
    return instead if value is None else value


def _truncate(value: JSON, length: JSON, _: Room) -> str:
    if isinstance(value, str):
        return value[: int(length)]
    raise _wrong(value, "truncate", "a string")


def _each(value: JSON, pattern: JSON, room: Room) -> str:
    parts = read_pattern(pattern) or ()
    items = enumerate(_list(value, "each"), 1)
    return room.join(_part(part, number, item) for number, item in items for part in parts)


def _part(part: str | Field, number: int, item: JSON) -> str:
    if isinstance(part, str):
        return part
    if part.is_number:
        return str(number)
    if not part.names:
        return text_of(item)
    for name in part.names:
        if not isinstance(item, dict) and item is not None:
            raise FormatError("wrong-type", f"`each` finds no field `{name}` in what is no object")
        item = item.get(name) if item is not None else None
    return "" if item is None else text_of(item)


def _list(value: JSON, name: str) -> list[JSON]:
    if isinstance(value, list):
        return value
    raise _wrong(value, name, "a list")


def _wrong(value: JSON, name: str, wanted: str) -> FormatError:
    if value is None:
        return FormatError("may-be-null", f"`{name}` takes {wanted}, and this is null")
    return FormatError("wrong-type", f"`{name}` takes {wanted}, and this is none")


_APPLY: Mapping[str, Callable[[JSON, JSON, Room], JSON]] = MappingProxyType(
    {
        "numbered": _numbered,
        "join": _join,
        "json": _json,
        "default": _default,
        "truncate": _truncate,
        "each": _each,
    }
)
