"""Text with slots: `{{ path | formatter }}`, read once into a flat list of segments.

What fills a slot is never read again, so nothing that arrives in one can open another.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from spec.formatters import FORMATTERS
from spec.limits import FORMATTERS_MAX, PATH_SEGMENTS_MAX, PROBLEMS_FOUND_MAX
from spec.parsed import Parsed, Reference, Refused
from spec.patterns import read_pattern
from spec.problems import nearest, quoted
from spec.scanner import Malformed, OutOfRange, Scanner, Token
from spec.values import JSON, Formatter, Literal, Slot, Text, Value

_PLAIN_SLOT = re.compile(
    r"""\{\{\s*
    ([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*){0,8})\s*
    ((?:\|\s*[a-z]{1,9}\s*(?:\(\s*(?:[0-9]{1,9}|"(?:[^"\\]|\\.){0,60}"|'(?:[^'\\]|\\.){0,60}')\s*\)\s*)?){0,3})
    \}\}""",
    re.VERBOSE,
)
_COMPUTE = "what is computed stands in a `value` step"
_CHAINS_KEPT = 256
_CHAIN_CHARS_MAX = 200
_NOT_NAMES = ("true", "false", "null", "and", "or", "not", "in")


def parse_template(text: str, start: int = 0) -> Parsed:
    """Read `text` from `start` on. Offsets count from the beginning of `text`."""
    reader = _Reader(text)
    reader.read(start)
    if reader.problems:
        return Parsed(Literal(None), tuple(reader.references), tuple(reader.problems))
    return Parsed(_value(reader.segments), tuple(reader.references), words=reader.words)


def _value(segments: list[str | Slot]) -> Value:
    if not segments:
        return Literal("")
    if len(segments) == 1 and isinstance(segments[0], str):
        return Literal(segments[0])
    return Text(tuple(segments))


class _TooLarge(Malformed):
    """A slot that is of the grammar, but longer than one may be."""


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.plain: list[str] = []  # of the text since the last slot
        self.segments: list[str | Slot] = []
        self.references: list[Reference] = []
        self.problems: list[Refused] = []
        self.words = 0

    def read(self, index: int) -> None:
        while (opening := self.text.find("{{", index)) >= 0:
            if len(self.problems) >= PROBLEMS_FOUND_MAX:
                return  # nobody is told of more
            self.plain.append(self.text[index:opening])
            if self.text.startswith("{{{{", opening):
                self.plain.append("{{")
                index = opening + 4
            else:
                index = self._plain_slot(opening) or self._slot(opening)
        self.plain.append(self.text[index:])
        self._end_plain()

    def _end_plain(self) -> None:
        text = "".join(self.plain)
        self.plain.clear()
        if text:
            self.segments.append(text)

    def _found(self, reference: Reference, formatters: tuple[Formatter, ...], words: int) -> None:
        self._end_plain()
        self.segments.append(Slot(reference.value(), formatters))
        self.references.append(reference)
        self.words += words

    def _plain_slot(self, opening: int) -> int:
        """Go past a slot of names with dots between and some formatters, as most are.

        Returns 0 where it is another.
        """
        match = _PLAIN_SLOT.match(self.text, opening)
        if match is None or len(match[2]) > _CHAIN_CHARS_MAX:
            return 0
        chain = _chain(match[2]) if match[2] else _NO_FORMATTERS
        if chain is None:
            return 0
        path = Reference.of_names(match[1], match.start(1), chain.formatters)
        if path.name in _NOT_NAMES:
            return 0
        self._found(path, chain.formatters, 1 + 2 * len(path.path) + chain.words)
        return match.end()

    def _slot(self, opening: int) -> int:
        try:
            scanner = Scanner(self.text, opening + 2, patterns=True)
            path = _path(scanner)
            found = len(self.problems)
            formatters = self.formatters(scanner)
            if scanner.word != "}}":
                raise _unclosed(scanner)
        except Malformed as error:
            self.problems.append(_refused(error, opening))
            closing = self.text.find("}}", opening)
            return closing + 2 if closing >= 0 else len(self.text)
        known = len(self.problems) == found
        reference = Reference(path.path, path.offsets, formatters if known else None)
        self._found(reference, formatters, 1 + scanner.words)
        return scanner.offset + len("}}")

    def formatters(self, scanner: Scanner) -> tuple[Formatter, ...]:
        found: list[Formatter] = []
        while scanner.skip("|"):
            if len(found) == FORMATTERS_MAX:
                detail = f"a slot has at most {FORMATTERS_MAX} formatters (`formatters_max`)"
                raise _TooLarge(detail, scanner.offset)
            token = scanner.take()
            if token.kind != "name":
                raise Malformed("a formatter has to follow `|`", token.offset)
            argument = _argument(scanner)
            if token.value in FORMATTERS:
                found.append(_formatter(token, argument))
            else:
                self._unknown(token)
        return tuple(found)

    def _unknown(self, token: Token) -> None:
        name = str(token.value)
        detail = f"there is no formatter {quoted(name)}; known are {', '.join(FORMATTERS)}"
        hint = nearest(name, FORMATTERS)
        self.problems.append(Refused("unknown-formatter", detail, token.offset, hint))


@dataclass(frozen=True, slots=True)
class _Chain:
    """The formatters of a slot, and of how many words they are."""

    formatters: tuple[Formatter, ...] = ()
    words: int = 0


_NO_FORMATTERS = _Chain()


@lru_cache(maxsize=_CHAINS_KEPT)
def _chain(text: str) -> _Chain | None:
    """Read formatters that stand alone in `text`; None where something is wrong with them."""
    reader = _Reader(text)
    try:
        scanner = Scanner(text, 0, patterns=True)
        formatters = reader.formatters(scanner)
    except Malformed:
        return None
    if reader.problems or scanner.kind != "end":
        return None
    return _Chain(formatters, scanner.words)


def _refused(error: Malformed, opening: int) -> Refused:
    """Return the problem of a slot: it is of the grammar but for a limit, or it is not."""
    if isinstance(error, OutOfRange):
        return Refused("bad-value", error.detail, error.offset)
    if isinstance(error, _TooLarge):
        return Refused("too-large", error.detail, opening)
    return Refused("bad-template", error.detail, opening)


def _unclosed(scanner: Scanner) -> Malformed:
    detail = f"`}}}}` is missing {scanner.here}"
    plain = scanner.kind == "end" or scanner.token.value == "}"
    return scanner.malformed(detail if plain else f"{detail}; {_COMPUTE}")


def _path(scanner: Scanner) -> Reference:
    if scanner.kind != "name" or scanner.word in _NOT_NAMES:
        token = scanner.take()
        if token.value == "$":
            raise Malformed("names in a slot stand without `$`", token.offset)
        raise Malformed(f"a slot starts with a name; {_COMPUTE}", token.offset)
    offset = scanner.offset
    path = Reference.of_names(scanner.take_names(), offset)
    while scanner.word in (".", "[") and len(path.path) <= PATH_SEGMENTS_MAX:
        path = _longer(path, scanner)
    if len(path.path) > PATH_SEGMENTS_MAX:
        detail = f"a path has at most {PATH_SEGMENTS_MAX} parts (`path_segments_max`)"
        raise _TooLarge(detail, path.offsets[-1])
    return path


def _longer(path: Reference, scanner: Scanner) -> Reference:
    if scanner.skip("."):
        token = scanner.field()
        return path.then(str(token.value), token.offset)
    scanner.expect("[")
    token = scanner.take()
    if not isinstance(token.value, int):
        raise Malformed(f"an index in a slot is digits alone; {_COMPUTE}", token.offset)
    scanner.expect("]")
    return path.then(token.value, token.offset)


def _argument(scanner: Scanner) -> tuple[JSON, ...]:
    if not scanner.skip("("):
        return ()
    if scanner.skip("["):
        scanner.expect("]")
        value: JSON = []
    else:
        value = _constant(scanner.take())
    scanner.expect(")")
    return (value,)


def _constant(token: Token) -> JSON:
    if token.kind in ("string", "number"):
        return token.value
    if token.kind == "name" and token.value in ("true", "false"):
        return token.value == "true"
    wanted = "a string in quotes, a number, true, false or []"
    raise Malformed(f"what stands in the brackets of a formatter is {wanted}", token.offset)


def _formatter(token: Token, argument: tuple[JSON, ...]) -> Formatter:
    name = str(token.value)
    if name in ("numbered", "json"):
        if argument:
            raise Malformed(f"{quoted(name)} takes nothing in brackets", token.offset)
        return Formatter(name)
    if not argument:
        raise Malformed(f"{quoted(name)} needs a value in brackets", token.offset)
    value = argument[0]
    if name in ("join", "each") and not isinstance(value, str):
        raise Malformed(f"{quoted(name)} takes a string", token.offset)
    if name == "truncate" and (isinstance(value, bool) or not isinstance(value, int)):
        raise Malformed("`truncate` takes a whole number", token.offset)
    if name == "each" and read_pattern(value) is None:
        detail = r"in `each`, `{` opens `{i}`, `{}` or `{name}`; `\{` is a brace"
        raise Malformed(detail, token.offset)
    return Formatter(name, value)
