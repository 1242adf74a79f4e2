"""Text with slots: `{{ path | formatter }}`, read once into a flat list of segments.

What fills a slot is never read again, so nothing that arrives in one can open another.
"""

import re

from spec.formatters import FORMATTERS
from spec.limits import FORMATTERS_MAX, PATH_SEGMENTS_MAX
from spec.parsed import Parsed, Reference, Refused, Segment, name_path, path_value
from spec.patterns import read_pattern
from spec.problems import nearest, quoted
from spec.scanner import Malformed, OutOfRange, Scanner, Token
from spec.values import JSON, Formatter, Literal, Slot, Text, Value

_PLAIN_SLOT = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*){0,8})\s*\}\}")
_COMPUTE = "what is computed stands in a `value` step"
_NOT_NAMES = ("true", "false", "null", "and", "or", "not", "in")


def parse_template(text: str, start: int = 0) -> Parsed:
    """Read `text` from `start` on. Offsets count from the beginning of `text`."""
    reader = _Reader(text)
    reader.read(start)
    if reader.problems:
        return Parsed(Literal(None), tuple(reader.references), tuple(reader.problems))
    return Parsed(_value(reader.segments), tuple(reader.references), words=reader.words)


def _value(segments: list[str | Slot]) -> Value:
    joined: list[str | Slot] = []
    for segment in segments:
        if isinstance(segment, str) and joined and isinstance(joined[-1], str):
            joined[-1] += segment
        elif segment != "":
            joined.append(segment)
    if not joined:
        return Literal("")
    if len(joined) == 1 and isinstance(joined[0], str):
        return Literal(joined[0])
    return Text(tuple(joined))


class _TooLarge(Malformed):
    """A slot that is of the grammar, but longer than one may be."""


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.segments: list[str | Slot] = []
        self.references: list[Reference] = []
        self.problems: list[Refused] = []
        self.words = 0

    def read(self, index: int) -> None:
        while (opening := self.text.find("{{", index)) >= 0:
            self.segments.append(self.text[index:opening])
            if self.text.startswith("{{{{", opening):
                self.segments.append("{{")
                index = opening + 4
            else:
                index = self._plain_slot(opening) or self._slot(opening)
        self.segments.append(self.text[index:])

    def _plain_slot(self, opening: int) -> int:
        """Go past a slot that is names with dots between, as most are; 0 if it is another."""
        match = _PLAIN_SLOT.match(self.text, opening)
        if match is None:
            return 0
        segments = name_path(match[1], match.start(1))
        if segments[0].key in _NOT_NAMES:
            return 0
        self.segments.append(Slot(path_value(segments)))
        self.references.append(Reference(segments, ()))
        self.words += 1 + 2 * len(segments)
        return match.end()

    def _slot(self, opening: int) -> int:
        try:
            scanner = Scanner(self.text, opening + 2, patterns=True)
            segments = _path(scanner)
            found = len(self.problems)
            formatters = self._formatters(scanner)
            if scanner.word != "}}":
                raise _unclosed(scanner)
        except Malformed as error:
            self.problems.append(_refused(error, opening))
            closing = self.text.find("}}", opening)
            return closing + 2 if closing >= 0 else len(self.text)
        self.segments.append(Slot(path_value(segments), formatters))
        self.words += 1 + scanner.words
        known = len(self.problems) == found
        self.references.append(Reference(segments, formatters if known else None))
        return scanner.offset + len("}}")

    def _formatters(self, scanner: Scanner) -> tuple[Formatter, ...]:
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


def _path(scanner: Scanner) -> tuple[Segment, ...]:
    if scanner.kind != "name" or scanner.word in _NOT_NAMES:
        token = scanner.take()
        if token.value == "$":
            raise Malformed("names in a slot stand without `$`", token.offset)
        raise Malformed(f"a slot starts with a name; {_COMPUTE}", token.offset)
    offset = scanner.offset
    segments = [*name_path(scanner.take_names(), offset)]
    while scanner.word in (".", "[") and len(segments) <= PATH_SEGMENTS_MAX:
        segments.append(_member(scanner))
    if len(segments) > PATH_SEGMENTS_MAX:
        detail = f"a path has at most {PATH_SEGMENTS_MAX} parts (`path_segments_max`)"
        raise _TooLarge(detail, segments[-1].offset)
    return tuple(segments)


def _member(scanner: Scanner) -> Segment:
    if scanner.skip("."):
        token = scanner.field()
        return Segment(str(token.value), token.offset)
    scanner.expect("[")
    token = scanner.take()
    if not isinstance(token.value, int):
        raise Malformed(f"an index in a slot is digits alone; {_COMPUTE}", token.offset)
    scanner.expect("]")
    return Segment(token.value, token.offset)


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
