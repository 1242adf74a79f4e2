"""Text with slots: `{{ path | formatter }}`, read once into a flat list of segments.

What fills a slot is never read again, so nothing that arrives in one can open another.
"""

import re

from spec.formatters import FORMATTERS
from spec.limits import FORMATTERS_MAX, PATH_SEGMENTS_MAX
from spec.parsed import Parsed, Reference, Refused, Segment, name_path
from spec.patterns import read_pattern
from spec.problems import nearest, quoted
from spec.scanner import Malformed, OutOfRange, Scanner, Token
from spec.values import JSON, Formatter, Literal, Member, Name, Slot, Text, Value

_PLAIN_SLOT = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*){0,8})\s*\}\}")
_NOT_NAMES = ("true", "false", "null", "and", "or", "not", "in")


def parse_template(text: str, start: int = 0) -> Parsed:
    """Read `text` from `start` on. Offsets count from the beginning of `text`."""
    reader = _Reader(text)
    reader.read(start)
    if reader.problems:
        return Parsed(Literal(None), tuple(reader.references), tuple(reader.problems))
    return Parsed(_value(reader.segments), tuple(reader.references))


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
        value: Value = Name(str(segments[0].key))
        for segment in segments[1:]:
            value = Member(value, segment.key)
        self.segments.append(Slot(value))
        self.references.append(Reference(segments, ()))
        return match.end()

    def _slot(self, opening: int) -> int:
        try:
            scanner = Scanner(self.text, opening + 2, patterns=True)
            value, segments = _path(scanner)
            found = len(self.problems)
            formatters = self._formatters(scanner)
            if not scanner.sign("}}"):
                raise scanner.malformed("`}}` is missing")
        except Malformed as error:
            self.problems.append(_refused(error, opening))
            closing = self.text.find("}}", opening)
            return closing + 2 if closing >= 0 else len(self.text)
        self.segments.append(Slot(value, formatters))
        known = len(self.problems) == found
        self.references.append(Reference(segments, formatters if known else None))
        return scanner.token.end

    def _formatters(self, scanner: Scanner) -> tuple[Formatter, ...]:
        found: list[Formatter] = []
        while scanner.skip("|"):
            if len(found) == FORMATTERS_MAX:
                detail = f"a slot has at most {FORMATTERS_MAX} formatters (`formatters_max`)"
                raise _TooLarge(detail, scanner.token.offset)
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
    detail = f"{error.detail}; compute in a `value` step, or write `{{{{{{{{` for braces"
    return Refused("bad-template", detail, opening)


def _path(scanner: Scanner) -> tuple[Value, tuple[Segment, ...]]:
    token = scanner.take()
    if token.kind != "name" or token.value in _NOT_NAMES:
        raise Malformed("a slot starts with a name", token.offset)
    value: Value = Name(str(token.value))
    segments = [Segment(str(token.value), token.offset)]
    while scanner.sign(".") or scanner.sign("["):
        step = _member(scanner)
        value = Member(value, step.key)
        segments.append(step)
        if len(segments) > PATH_SEGMENTS_MAX:
            detail = f"a path has at most {PATH_SEGMENTS_MAX} parts (`path_segments_max`)"
            raise _TooLarge(detail, step.offset)
    return value, tuple(segments)


def _member(scanner: Scanner) -> Segment:
    if scanner.skip("."):
        token = scanner.take()
        if token.kind != "name":
            raise Malformed("the name of a field has to follow the dot", token.offset)
        return Segment(str(token.value), token.offset)
    scanner.expect("[")
    token = scanner.take()
    if not isinstance(token.value, int):
        raise Malformed("an index in a slot is a whole number", token.offset)
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
    raise Malformed("a formatter takes a string or a number in quotes or digits", token.offset)


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
