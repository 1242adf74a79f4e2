"""The words of expressions and slots: names, numbers, strings and signs, each with its offset."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from spec.limits import INTEGER_MAX

Kind: TypeAlias = Literal["name", "number", "string", "sign", "end"]

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_SIGN = re.compile(r"==|!=|<=|>=|\}\}|[-.,:$()\[\]+<>|]")
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", "'": "'", '"': '"'}
_DIGITS_MAX = 30


class Malformed(Exception):
    """The text is not of the grammar from `offset` on."""

    def __init__(self, detail: str, offset: int) -> None:
        super().__init__(detail)
        self.detail = detail
        self.offset = offset


class OutOfRange(Malformed):
    """A number at `offset` that is of the grammar, but not one that can be told exactly."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word. `value` is the name, the sign, or what a number or string stands for."""

    kind: Kind
    value: str | int | float
    offset: int
    end: int


class Scanner:
    """Reads words one by one, with one word of look-ahead in `token`.

    With `patterns`, a string may be one for `each`, whose escaped braces are left to its reader.
    """

    def __init__(self, text: str, start: int, *, patterns: bool = False) -> None:
        self.text = text
        self.patterns = patterns
        self.token = self._read(start)

    def take(self) -> Token:
        """Return the current word and go on to the next."""
        token = self.token
        self.token = self._read(token.end)
        return token

    def word(self, value: str) -> bool:
        """Whether the current word is the name `value`."""
        return self.token.kind == "name" and self.token.value == value

    def sign(self, value: str) -> bool:
        """Whether the current word is the sign `value`."""
        return self.token.kind == "sign" and self.token.value == value

    def skip(self, value: str) -> bool:
        """Go past the sign `value` if it is here; say whether it was."""
        here = self.sign(value)
        if here:
            self.take()
        return here

    def expect(self, value: str) -> None:
        """Go past the sign `value`, which has to be here."""
        if not self.skip(value):
            raise self.malformed(f"`{value}` is missing")

    def malformed(self, detail: str) -> Malformed:
        """Return the error for the current word."""
        return Malformed(detail, self.token.offset)

    def _read(self, index: int) -> Token:
        space = _SPACE.match(self.text, index)
        index = space.end() if space else index
        if index >= len(self.text):
            return Token("end", "", index, index)
        if self.text[index] in "'\"":
            return self._string(index)
        if match := _NAME.match(self.text, index):
            return Token("name", match.group(), index, match.end())
        if match := _NUMBER.match(self.text, index):
            return Token("number", _number(match.group(), index), index, match.end())
        if match := _SIGN.match(self.text, index):
            return Token("sign", match.group(), index, match.end())
        return Token("sign", self.text[index], index, index + 1)

    def _string(self, start: int) -> Token:
        quote = self.text[start]
        parts: list[str] = []
        index = start + 1
        while index < len(self.text):
            char = self.text[index]
            if char == quote:
                return Token("string", "".join(parts), start, index + 1)
            if char == "\\":
                char = self._escape(index)
                index += 1
            parts.append(char)
            index += 1
        raise Malformed("a string is not closed", start)

    def _escape(self, index: int) -> str:
        char = self.text[index + 1 : index + 2]
        if char == "{" and self.patterns:
            return "\\{"
        if char not in _ESCAPES:
            raise Malformed("a string knows the escapes \\n \\t \\\\ \\' \\\" only", index)
        return _ESCAPES[char]


def _number(text: str, offset: int) -> int | float:
    if text.isdigit():
        value = int(text) if len(text) <= _DIGITS_MAX else INTEGER_MAX + 1
        if value > INTEGER_MAX:
            raise OutOfRange("integers are exact only up to 2^53 - 1", offset)
        return value
    number = float(text)
    if number == float("inf"):
        raise OutOfRange("the number is too large", offset)
    return number
