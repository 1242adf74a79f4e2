"""The words of expressions and slots: names, numbers, strings and signs, each with its offset."""

import re
from typing import Literal, NamedTuple, TypeAlias, cast

from spec.limits import INTEGER_MAX
from spec.problems import quoted

Kind: TypeAlias = Literal["name", "number", "string", "sign", "end"]

_WORD = re.compile(
    r"""\s*(?:
        (?P<name>[A-Za-z_][A-Za-z0-9_]*)
        | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)
        | (?P<string>['"])
        | (?P<sign>==|!=|<=|>=|\}\}|.)
        | (?P<end>)
    )""",
    re.VERBOSE | re.DOTALL,
)
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


class Token(NamedTuple):
    """One word. `value` is the name, the sign, or what a number or string stands for.

    A tuple, because nothing is made more often while a page is read.
    """

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
        token = self.token
        return token.value == value and token.kind == "name"

    def sign(self, value: str) -> bool:
        """Whether the current word is the sign `value`."""
        token = self.token
        return token.value == value and token.kind == "sign"

    def skip(self, value: str) -> bool:
        """Go past the sign `value` if it is here; say whether it was."""
        token = self.token
        if token.value != value or token.kind != "sign":
            return False
        self.token = self._read(token.end)
        return True

    def expect(self, value: str) -> None:
        """Go past the sign `value`, which has to be here."""
        if not self.skip(value):
            raise self.malformed(f"`{value}` is missing {self.here}")

    def field(self) -> Token:
        """Take the name of a field, which has to follow a dot."""
        token = self.take()
        if token.kind == "number":
            raise Malformed("a position stands in brackets, as in `[0]`", token.offset)
        if token.kind != "name":
            raise Malformed("the name of a field has to follow the dot", token.offset)
        return token

    @property
    def here(self) -> str:
        """Where the current word stands, said by that word."""
        token = self.token
        if token.kind == "end":
            return "at the end"
        return f"before {quoted(self.text[token.offset : token.end])}"

    def malformed(self, detail: str) -> Malformed:
        """Return the error for the current word."""
        return Malformed(detail, self.token.offset)

    def _read(self, index: int) -> Token:
        match = _WORD.match(self.text, index)
        if match is None:
            raise ValueError(f"{index} is no place in the text")  # every place in it matches
        kind = cast(Kind, match.lastgroup)
        start, end = match.span(match.lastindex or 0)
        if kind == "string":
            return self._string(start)
        text = self.text[start:end]
        return Token(kind, _number(text, start) if kind == "number" else text, start, end)

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
