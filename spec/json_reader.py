"""Strict JSON with the same positions, limits and refusals as YAML. Iterative: depth is data.

It has its own lexer because YAML cannot read all of JSON, and no other one keeps positions.
"""

import re
from collections.abc import Callable, Mapping
from json.decoder import scanstring  # type: ignore[attr-defined]  # public, but not in the stubs
from types import MappingProxyType

from spec.limits import Limits
from spec.page import decode
from spec.problems import SpecError, echo
from spec.source import Source, Tree
from spec.tree_builder import TreeBuilder
from spec.values import JSON

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+)"[ \t\n\r]*')
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS: Mapping[str, JSON] = MappingProxyType({"true": True, "false": False, "null": None})
_DIGITS_MAX = 30
_BLANK = frozenset(" \t\n\r")


def read_json(source: Source, limits: Limits) -> tuple[Tree, TreeBuilder]:
    """Read one document. Raises `SpecError` where nothing after the problem can be read."""
    text, page = decode(source, limits)
    reader = _Reader(text, TreeBuilder(page, limits))
    reader.read()
    return reader.builder.finish(), reader.builder


class _Reader:
    """A cursor over the text and a stack of open brackets; what it finds goes to the builder.

    `char` is the character at the cursor, empty at the end of the text.
    """

    index: int
    char: str

    def __init__(self, text: str, builder: TreeBuilder) -> None:
        self.text = text
        self.builder = builder
        self.close = ""  # what ends the innermost object or list
        self.open: list[str] = []  # and those around it
        self.advance(0)

    def read(self) -> None:
        if not self.char:
            raise self.wrong("the document is empty")
        self.value()
        while self.close:
            self.more()
        if self.char:
            raise self.wrong("nothing may follow the document")

    def more(self) -> None:
        """Read what may stand after a value inside an object or a list."""
        if self.char == ",":
            self.advance(self.index + 1)
            self.item()
        elif self.char == self.close:
            self.leave()
        else:
            raise self.wrong(f"`,` or `{self.close}` has to stand here")

    def item(self) -> None:
        if self.close == "}":
            self.key()
        self.value()

    def key(self) -> None:
        at = self.index
        if self.char != '"':
            raise self.wrong("a key in double quotes has to stand here")
        self.builder.key(self.string(), at)
        if self.char != ":":
            raise self.wrong("`:` has to stand after a key")
        self.advance(self.index + 1)

    def value(self) -> None:
        _TAKERS.get(self.char, _Reader.word)(self)

    def object(self) -> None:
        self.enter({}, "}")

    def list(self) -> None:
        self.enter([], "]")

    def enter(self, container: JSON, close: str) -> None:
        self.builder.open(container, self.index)
        self.open.append(self.close)
        self.close = close
        self.advance(self.index + 1)
        if self.char == close:
            self.leave()
        else:
            self.item()

    def leave(self) -> None:
        self.builder.close()
        self.close = self.open.pop()
        self.advance(self.index + 1)

    def quoted(self) -> None:
        at = self.index
        self.builder.text(self.string(), at)

    def string(self) -> str:
        match = _STRING.match(self.text, self.index)
        if match is None:
            raise self.wrong("this string is not closed, or holds a character JSON wants escaped")
        text: str = match[1]
        if "\\" in text:
            text = scanstring(self.text, self.index + 1)[0]
        self.index = end = match.end()
        self.char = self.text[end : end + 1]
        return text

    def number(self) -> None:
        match = _NUMBER.match(self.text, self.index)
        if match is None:
            raise self.wrong("this is not a number")
        value = _number(match.group())
        if value is None:
            detail = f"{echo(match.group())} is too large a number"
            self.builder.refuse("bad-value", self.index, detail)
            self.builder.unknown(self.index)
        else:
            self.builder.scalar(value, self.index)
        self.advance(match.end())

    def word(self) -> None:
        match = _WORD.match(self.text, self.index)
        if match is None or match.group() not in _WORDS:
            detail = "a value has to stand here" if match is None else "not a JSON value"
            raise self.wrong(detail)
        self.builder.scalar(_WORDS[match.group()], self.index)
        self.advance(match.end())

    def advance(self, index: int) -> None:
        """Go on at `index`, or behind the space there."""
        char = self.text[index : index + 1]
        if char in _BLANK:
            index = _past_space(self.text, index)
            char = self.text[index : index + 1]
        self.index, self.char = index, char

    def wrong(self, detail: str) -> SpecError:
        position = self.builder.page.position(self.index)
        return self.builder.stop_at("syntax", position, detail)


_TAKERS: Mapping[str, Callable[[_Reader], None]] = MappingProxyType(
    {"{": _Reader.object, "[": _Reader.list, '"': _Reader.quoted}
    | dict.fromkeys("-0123456789", _Reader.number)
)


def _past_space(text: str, index: int) -> int:
    match = _SPACE.match(text, index)
    return match.end() if match else index


def _number(text: str) -> int | float | None:
    if text.isdigit() or text[1:].isdigit():
        return int(text) if len(text) <= _DIGITS_MAX else None
    value = float(text)
    return value if abs(value) != float("inf") else None
