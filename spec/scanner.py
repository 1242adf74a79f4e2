"""The words of expressions and slots: names, numbers, strings and signs, each with its offset."""

import re
from typing import Literal, NamedTuple, TypeAlias, cast

from spec.limits import INTEGER_MAX, PATH_SEGMENTS_MAX
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
_NAMES = re.compile(rf"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*){{0,{PATH_SEGMENTS_MAX}}}")
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
    """One word. `value` is the name, the sign, or what a number or string stands for."""

    kind: Kind
    value: str | int | float
    offset: int


class Scanner:
    """Reads words one by one: `name`, `sign`, `offset` and `end` are of the one that is here.

    `name` and `sign` are empty where it is something else. With `patterns`, a string may be one
    for `each`, whose escaped braces are left to its reader.
    """

    def __init__(self, text: str, start: int, *, patterns: bool = False) -> None:
        self.text = text
        self.patterns = patterns
        self._read(start)

    @property
    def token(self) -> Token:
        """The current word."""
        return Token(self._kind, self._value, self.offset)

    def advance(self) -> None:
        """Go on to the next word."""
        self._read(self.end)

    def take(self) -> Token:
        """Return the current word and go on to the next."""
        token = self.token
        self._read(self.end)
        return token

    def take_names(self) -> str:
        """Return the current name with each dot and name right behind it, and go on."""
        match = _NAMES.match(self.text, self.offset)
        if match is None:
            raise self.malformed("a name has to stand here")
        self._read(match.end())
        return match.group()

    def skip(self, sign: str) -> bool:
        """Go past a sign if it is here; say whether it was."""
        if self.sign != sign:
            return False
        self._read(self.end)
        return True

    def expect(self, sign: str) -> None:
        """Go past a sign, which has to be here."""
        if not self.skip(sign):
            raise self.malformed(f"`{sign}` is missing {self.here}")

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
        if self._kind == "end":
            return "at the end"
        return f"before {quoted(self.text[self.offset : self.end])}"

    def malformed(self, detail: str) -> Malformed:
        """Return the error for the current word."""
        return Malformed(detail, self.offset)

    def _read(self, index: int) -> None:
        match = _WORD.match(self.text, index)
        if match is None:
            raise ValueError(f"{index} is no place in the text")  # every place in it matches
        self._kind = kind = cast(Kind, match.lastgroup)
        text: str = match[kind]
        self._value: str | int | float = text
        self.offset, self.end = match.span(kind)
        self.name = text if kind == "name" else ""
        self.sign = text if kind == "sign" else ""
        if kind == "number":
            self._value = _number(text, self.offset)
        elif kind == "string":
            self._value = self._string(self.offset, text)

    def _string(self, start: int, quote: str) -> str:
        closing = self.text.find(quote, start + 1)
        plain = self.text[start + 1 : closing]
        if closing < 0 or "\\" in plain:
            return self._escaped(start, quote)
        self.end = closing + 1
        return plain

    def _escaped(self, start: int, quote: str) -> str:
        parts: list[str] = []
        index = start + 1
        while index < len(self.text):
            char = self.text[index]
            if char == quote:
                self.end = index + 1
                return "".join(parts)
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
