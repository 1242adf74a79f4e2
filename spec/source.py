"""A page and the tree read from it: plain values, and beside them where each one stands.

Knows positions only; what the values mean is for the rooms above.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from spec.values import JSON

Pointer: TypeAlias = tuple[str | int, ...]
Media: TypeAlias = Literal["yaml", "json"]
Style: TypeAlias = Literal["plain", "quoted", "literal", "other"]
# The index on the page of the first character of a value, that of its key if it has one, and the
# places in it: of a list by position, of an object by key. No more than a tuple of numbers, because
# a page has one for each of its values, and few are ever looked at.
Place: TypeAlias = tuple[int, int | None, Any]

_STYLES: dict[str, Style] = {"|": "literal", ">": "other", "'": "quoted", '"': "quoted"}
_made = tuple.__new__  # a `Position` from a tuple, in half the time
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Source:
    """What an author sent: a name to show, the bytes, and how they are to be read."""

    name: str
    data: bytes
    media: Media


class Position(NamedTuple):
    """A place on a page. Lines and columns count from 1, columns in characters."""

    line: int
    column: int


START = Position(1, 1)


@dataclass(frozen=True, slots=True)
class Page:
    """The decoded text of a source, and the same cut into lines without their ends."""

    name: str
    lines: tuple[str, ...]
    text: str = ""
    _starts: list[int] = field(default_factory=list, repr=False, compare=False)

    def line(self, number: int) -> str:
        """Return line `number`, or an empty one where the page has none."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def position(self, index: int) -> Position:
        """Return where character `index` of the text stands."""
        if not self._starts:
            self._starts.append(0)
            self._starts.extend(match.end() for match in _LINE_END.finditer(self.text))
        line = bisect_right(self._starts, index)
        return _made(Position, (line, index - self._starts[line - 1] + 1))


@dataclass(frozen=True, slots=True)
class Tree:
    """Plain data with the `place` of every key and value in it.

    `unknown` holds the pointers whose value was refused while reading: nothing may be concluded
    from what stands there.
    """

    value: JSON
    page: Page
    place: Place | None = None
    unknown: frozenset[Pointer] = frozenset()

    @staticmethod
    def of(value: JSON, name: str) -> "Tree":
        """Wrap data that was never on a page: every position is the first one."""
        return Tree(value, Page(name, ()))

    def below(self, key: str) -> "Tree":
        """Return what stands at `key` of this object as a tree of its own, all of it known."""
        return Tree(self.value[key], self.page, self._place((key,)))

    def at(self, pointer: Pointer) -> JSON:
        """Return the value at `pointer`, which must exist."""
        value = self.value
        for key in pointer:
            value = value[key]
        return value

    def nearest(self, pointer: Pointer) -> Pointer:
        """Return `pointer`, or that of its nearest ancestor that is on the page."""
        while self.place and pointer and self._place(pointer) is None:
            pointer = pointer[:-1]
        return pointer

    def value_position(self, pointer: Pointer) -> Position:
        """Return where the value at `pointer`, or its nearest known ancestor, starts."""
        place = self._place(self.nearest(pointer))
        return self.page.position(place[0]) if place else START

    def key_position(self, pointer: Pointer) -> Position:
        """Return where the key of `pointer` starts; an element of a list has only its value.

        What names a whole page is the page: its first character.
        """
        place = self._place(pointer)
        if place and place[1] is not None:
            return self.page.position(place[1])
        return self.value_position(pointer) if pointer else START

    def key_positions(self, pointer: Pointer, keys: Iterable[str]) -> Iterator[Position]:
        """Yield where each of `keys` starts, all of them keys of the object at `pointer`."""
        place = self._place(pointer)
        for key in keys:
            yield self.page.position(place[2][key][1]) if place else START

    def has_key(self, pointer: Pointer) -> bool:
        """Whether there is a key on the page for `pointer`."""
        place = self._place(pointer)
        return place is not None and place[1] is not None

    def style(self, pointer: Pointer) -> Style:
        """Return how the value at `pointer` is written: `other` if it is no string on the page."""
        place = self._place(pointer)
        if place is None or not isinstance(self.at(pointer), str):
            return "other"
        return _STYLES.get(self.page.text[place[0]], "plain")

    def position_in(self, pointer: Pointer, offset: int) -> Position:
        """Return where character `offset` of the string at `pointer` stands, if that is exact.

        Exact within a plain or quoted scalar on one line without escapes and within a literal
        block. Any other scalar answers with its start.
        """
        start, style = self.value_position(pointer), self.style(pointer)
        if style == "other":
            return start
        text = self.at(pointer)
        if style == "literal":
            return self._in_block(start, text, offset)
        return self._in_line(start, text, offset, quoted=style == "quoted")

    def _place(self, pointer: Pointer) -> Place | None:
        place = self.place
        try:
            for key in pointer:
                place = place[2][key]  # type: ignore[index]  # what has no places is caught below
        except (TypeError, LookupError):
            return None
        return place

    def _in_line(self, start: Position, text: str, offset: int, *, quoted: bool) -> Position:
        line = self.page.line(start.line)
        first = start.column - 1 + quoted
        end = first + len(text)
        if line[first:end] != text or (quoted and line[end : end + 1] != line[first - 1]):
            return start
        return Position(start.line, first + offset + 1)

    def _in_block(self, start: Position, text: str, offset: int) -> Position:
        rows = text.split("\n")
        first = next((number for number, row in enumerate(rows) if row.strip()), None)
        if first is None:
            return start
        written = self.page.line(start.line + 1 + first)
        indent = len(written) - len(rows[first])
        row = text.count("\n", 0, offset)
        column = offset - (text.rfind("\n", 0, offset) + 1)
        if self.page.line(start.line + 1 + row)[indent:] != rows[row]:
            return start
        return Position(start.line + 1 + row, indent + column + 1)


def pointer_text(pointer: Pointer) -> str:
    """Write a pointer as RFC 6901 says.

    >>> pointer_text(("steps", "a/b", 0))
    '/steps/a~1b/0'
    """
    plain = "".join([f"/{key}" for key in pointer])
    if plain.count("/") == len(pointer) and "~" not in plain:
        return plain
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in pointer)
