"""A page and the tree read from it: plain values, and beside them where each one stands.

Knows positions only; what the values mean is for the rooms above.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from spec.values import JSON

Pointer: TypeAlias = tuple[str | int, ...]
Media: TypeAlias = Literal["yaml", "json"]
Style: TypeAlias = Literal["plain", "quoted", "literal", "other"]


@dataclass(frozen=True, slots=True)
class Source:
    """What an author sent: a name to show, the bytes, and how they are to be read."""

    name: str
    data: bytes
    media: Media


class Position(NamedTuple):
    """A place on a page. Lines and columns count from 1, columns in characters.

    A tuple, because a page has one for each of its keys and values.
    """

    line: int
    column: int


START = Position(1, 1)


@dataclass(frozen=True, slots=True)
class Page:
    """The decoded text of a source, cut into lines without their ends."""

    name: str
    lines: tuple[str, ...]

    def line(self, number: int) -> str:
        """Return line `number`, or an empty one where the page has none."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


class Place(NamedTuple):
    """Where a value starts, where its key does if it has one, and how a scalar is written."""

    value: Position
    key: Position | None = None
    style: Style = "other"


@dataclass(frozen=True, slots=True)
class Tree:
    """Plain data with the place of every key and value.

    `unknown` holds the pointers whose value was refused while reading: nothing may be concluded
    from what stands there.
    """

    value: JSON
    page: Page
    places: Mapping[Pointer, Place] = field(default_factory=dict)
    unknown: frozenset[Pointer] = frozenset()

    @staticmethod
    def of(value: JSON, name: str) -> "Tree":
        """Wrap data that was never on a page: every position is the first one."""
        return Tree(value, Page(name, ()))

    def at(self, pointer: Pointer) -> JSON:
        """Return the value at `pointer`, which must exist."""
        value = self.value
        for key in pointer:
            value = value[key]
        return value

    def value_position(self, pointer: Pointer) -> Position:
        """Return where the value at `pointer`, or its nearest known ancestor, starts."""
        while pointer and pointer not in self.places:
            pointer = pointer[:-1]
        place = self.places.get(pointer)
        return place.value if place else START

    def key_position(self, pointer: Pointer) -> Position:
        """Return where the key of `pointer` starts; an element of a list has only its value.

        What names a whole page is the page: its first character.
        """
        place = self.places.get(pointer)
        if place and place.key:
            return place.key
        return self.value_position(pointer) if pointer else START

    def position_in(self, pointer: Pointer, offset: int) -> Position:
        """Return where character `offset` of the string at `pointer` stands, if that is exact.

        Exact within a plain or quoted scalar on one line without escapes and within a literal
        block. Any other scalar answers with its start.
        """
        start = self.value_position(pointer)
        place = self.places.get(pointer)
        if place is None or place.style == "other":
            return start
        text = self.at(pointer)
        if place.style == "literal":
            return self._in_block(start, text, offset)
        return self._in_line(start, text, offset, quoted=place.style == "quoted")

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
    plain = "/" + "/".join(map(str, pointer)) if pointer else ""
    if plain.count("/") == len(pointer) and "~" not in plain:
        return plain
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in pointer)
