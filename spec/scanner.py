"""The words of expressions and slots: names, numbers, strings and signs, each with its offset."""

import re
from typing import Literal, NamedTuple, TypeAlias

from spec.limits import INTEGER_MAX, PATH_SEGMENTS_MAX
from spec.problems import quoted

Kind: TypeAlias = Literal["name", "number", "string", "sign", "end"]

_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_SPACE = re.compile(r"\s*")
_PLAIN = re.compile(r"""[^'"\\]*""")
_ALONE = "true|false|null|and|or|not|in"  # names that no path begins with
_WORD = re.compile(
    rf"""(?:
        (?P<name>(?:{_ALONE})(?![A-Za-z0-9_])|{_NAME}(?:\.{_NAME}){{0,{PATH_SEGMENTS_MAX}}})
        | (?P<sign>==|!=|<=|>=|\}}\}}|[^0-9'"])
        | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)
        | (?P<string>'[^'\\]*+'|"[^"\\]*+"|['"])
    )\s*""",
    re.VERBOSE,
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
    """One word. `value` is the name, the sign, or what a number or string stands for."""

    kind: Kind
    value: str | int | float
    offset: int


class Scanner:
    """Reads words one by one: `kind`, `value` and `offset` are of the one that is here.

    `word` is the sign that is here, or the name with each dot and name right behind it; it is empty
    where there is something else. `words` is how many have been read. With `patterns`, a string may
    be one for `each`, whose escaped braces are left to its reader.
    """

    kind: Kind
    word: str
    value: str | int | float

    def __init__(self, text: str, start: int, *, patterns: bool = False) -> None:
        self.text = text
        self.patterns = patterns
        self.words = 0
        self._closed = 0  # where the last string with escapes ended
        self._go_on(_past(_SPACE, text, start))

    @property
    def offset(self) -> int:
        """Where the current word begins."""
        return len(self.text) if self._match is None else self._match.start()

    @property
    def token(self) -> Token:
        """The current word, of names with dots between the first."""
        value = self.word.partition(".")[0] if self.kind == "name" else self.value
        return Token(self.kind, value, self.offset)

    def advance(self) -> None:
        """Go on to the next word."""
        self._match = match = next(self._matches, None)
        if match is None:
            self.kind, self.word, self.value = "end", "", ""
            return
        self.words += 1
        kind: Kind = match.lastgroup  # type: ignore[assignment]  # the groups are named as kinds
        self.kind = kind
        self.word = self.value = text = match[kind]
        if kind == "number":
            self.word, self.value = "", _number(text, match.start())
        elif kind == "string":
            self.word = ""
            self.value = text[1:-1] if len(text) > 1 else self._escaped(match.start(), text)

    def take(self) -> Token:
        """Return the current word and go on to the next."""
        token = self.token
        if self.kind == "name" and token.value != self.word:
            self._go_on(token.offset + len(str(token.value)))
        else:
            self.advance()
        return token

    def take_names(self) -> str:
        """Return the current name with each dot and name right behind it, and go on."""
        if self.kind != "name":
            raise self.malformed("a name has to stand here")
        names = self.word
        self.words += 2 * names.count(".")
        self.advance()
        return names

    def skip(self, word: str) -> bool:
        """Go past a name or a sign if it is here; say whether it was."""
        if self.word != word:
            return False
        self.advance()
        return True

    def expect(self, word: str) -> None:
        """Go past a name or a sign, which has to be here."""
        if not self.skip(word):
            raise self.malformed(f"`{word}` is missing {self.here}")

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
        if self._match is None:
            return "at the end"
        if self.kind == "name":
            return f"before {quoted(str(self.token.value))}"
        start, end = self._match.span()
        return f"before {quoted(self.text[start : max(end, self._closed)].rstrip())}"

    def malformed(self, detail: str) -> Malformed:
        """Return the error for the current word."""
        return Malformed(detail, self.offset)

    def _go_on(self, index: int) -> None:
        """Go on with the word at `index`, where no space is."""
        self._matches = _WORD.finditer(self.text, index)
        self.advance()

    def _escaped(self, start: int, quote: str) -> str:
        parts: list[str] = []
        index = start + 1
        while index < len(self.text):
            run = _past(_PLAIN, self.text, index)
            parts.append(self.text[index:run])
            char = self.text[run : run + 1]
            index = run + 1
            if char == quote:
                self._closed = _past(_SPACE, self.text, index)
                self._matches = _WORD.finditer(self.text, self._closed)
                return "".join(parts)
            if char == "\\":
                char = self._escape(run)
                index += 1
            parts.append(char)
        raise Malformed("a string is not closed", start)

    def _escape(self, index: int) -> str:
        char = self.text[index + 1 : index + 2]
        if char == "{" and self.patterns:
            return "\\{"
        if char not in _ESCAPES:
            raise Malformed("a string knows the escapes \\n \\t \\\\ \\' \\\" only", index)
        return _ESCAPES[char]


def _past(pattern: re.Pattern[str], text: str, index: int) -> int:
    """Return where what matches `pattern` at `index` ends."""
    match = pattern.match(text, index)
    return match.end() if match else index


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
