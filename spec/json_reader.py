"""Strict JSON with the same positions, limits and refusals as YAML. Iterative: depth is data.

It has its own lexer because YAML cannot read all of JSON, and no other one keeps positions.
"""

import re
from bisect import bisect_right
from json.decoder import scanstring  # type: ignore[attr-defined]  # public, but not in the stubs

from spec.limits import Limits
from spec.page import decode
from spec.problems import SpecError, echo
from spec.source import Page, Position, Source, Style, Tree
from spec.tree_builder import TreeBuilder
from spec.values import JSON

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE_END = re.compile(r"\r\n|\r|\n")
_WORDS: tuple[tuple[str, JSON], ...] = (("true", True), ("false", False), ("null", None))
_DIGITS = frozenset("-0123456789")  # how a number begins
_DIGITS_MAX = 30


def read_json(source: Source, limits: Limits) -> tuple[Tree, TreeBuilder]:
    """Read one document. Raises `SpecError` where nothing after the problem can be read."""
    text, page = decode(source, limits)
    reader = _Reader(text, page, TreeBuilder(page, limits))
    reader.read()
    return reader.builder.finish(), reader.builder


class _Reader:
    """A cursor over the text and a stack of open brackets; what it finds goes to the builder."""

    def __init__(self, text: str, page: Page, builder: TreeBuilder) -> None:
        self.text = text
        self.page = page
        self.builder = builder
        self.index = 0
        self.open: list[str] = []
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def read(self) -> None:
        self.skip()
        if self.index == len(self.text):
            raise self.wrong("the document is empty")
        self.value()
        while self.open:
            self.more()
        if self.index < len(self.text):
            raise self.wrong("nothing may follow the document")

    def more(self) -> None:
        """Read what may stand after a value inside an object or a list."""
        close = self.open[-1]
        char = self.peek()
        if char == close:
            self.close()
        elif char == ",":
            self.step()
            self.item()
        else:
            raise self.wrong(f"`,` or `{close}` has to stand here")

    def item(self) -> None:
        if self.open[-1] == "}":
            self.key()
        self.value()

    def key(self) -> None:
        position = self.position()
        if self.peek() != '"':
            raise self.wrong("a key in double quotes has to stand here")
        text, _ = self.string()
        self.builder.key(text, position)
        if self.peek() != ":":
            raise self.wrong("`:` has to stand after a key")
        self.step()

    def value(self) -> None:
        position = self.position()
        match self.peek():
            case "{":
                self.enter({}, "}", position)
            case "[":
                self.enter([], "]", position)
            case '"':
                text, style = self.string()
                self.builder.text(text, position, style)
            case char if char in _DIGITS:
                self.number(position)
            case _:
                self.word(position)

    def enter(
        self, container: dict[str, JSON] | list[JSON], close: str, position: Position
    ) -> None:
        self.builder.open(container, position)
        self.open.append(close)
        self.step()
        if self.peek() == close:
            self.close()
        else:
            self.item()

    def close(self) -> None:
        self.builder.close()
        self.open.pop()
        self.step()

    def string(self) -> tuple[str, Style]:
        match = _STRING.match(self.text, self.index)
        if match is None:
            raise self.wrong("this string is not closed, or holds a character JSON wants escaped")
        text: str = self.text[self.index + 1 : match.end() - 1]
        if "\\" in text:
            text = scanstring(self.text, self.index + 1)[0]
        self.advance(match.end())
        return text, "quoted"

    def number(self, position: Position) -> None:
        match = _NUMBER.match(self.text, self.index)
        if match is None:
            raise self.wrong("this is not a number")
        value = _number(match.group())
        if value is None:
            detail = f"{echo(match.group())} is too large a number"
            self.builder.refuse("bad-value", position, detail)
            self.builder.unknown(position)
        else:
            self.builder.scalar(value, position)
        self.advance(match.end())

    def word(self, position: Position) -> None:
        match = _WORD.match(self.text, self.index)
        for name, value in _WORDS:
            if match and match.group() == name:
                self.builder.scalar(value, position)
                self.advance(match.end())
                return
        raise self.wrong("a value has to stand here" if match is None else "not a JSON value")

    def peek(self) -> str:
        return self.text[self.index : self.index + 1]

    def step(self) -> None:
        self.advance(self.index + 1)

    def advance(self, index: int) -> None:
        self.index = index
        self.skip()

    def skip(self) -> None:
        if self.peek() > " ":
            return
        match = _SPACE.match(self.text, self.index)
        self.index = match.end() if match else self.index

    def position(self) -> Position:
        line = bisect_right(self.starts, self.index)
        return Position(line, self.index - self.starts[line - 1] + 1)

    def wrong(self, detail: str) -> SpecError:
        return self.builder.stop("syntax", self.position(), detail, here=False)


def _number(text: str) -> int | float | None:
    if text.lstrip("-").isdigit():
        return int(text) if len(text) <= _DIGITS_MAX else None
    value = float(text)
    return value if abs(value) != float("inf") else None
