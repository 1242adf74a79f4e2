"""Strict YAML 1.2 core schema, read from the parser's events: no object is ever constructed.

Depth and size are counted as events arrive, so a hostile document costs no more than its limits.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import yaml

from spec.limits import Limits
from spec.page import decode, position_of
from spec.problems import SpecError, echo, quoted
from spec.quoting import begins_with, parser_words, why
from spec.source import START, Page, Position, Source, Style, Tree
from spec.tree_builder import TreeBuilder
from spec.values import JSON

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_OLD_BOOLEAN = frozenset({"yes", "no", "on", "off"})
_OWN_KEYS = ("off", "on")  # the language's own keys of `plan`, which stand there unquoted
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_NUMBER = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    rf"|0o[0-7]+|0x[0-9a-fA-F]+|{_NOT_FINITE.pattern}"
)
_UNREADABLE = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_PERHAPS_NO_STRING = frozenset("-+.0123456789~nNtTfF")  # how one begins, or it is empty
_DIRECTIVE = "a `%` directive; leave it out"
_OLD_BOOLEAN_CHARS_MAX = max(map(len, _OLD_BOOLEAN))
_DIGITS_MAX = 30
_LEFT_OUT = "leave it out, or quote the whole value as text"
_CORE_TAGS = "tag:yaml.org,2002:"  # what is written as `!!`


def read_yaml(source: Source, limits: Limits) -> tuple[Tree, TreeBuilder]:
    """Read one document. Raises `SpecError` where nothing after the problem can be read."""
    text, page = decode(source, limits)
    builder = TreeBuilder(page, limits)
    odd = _UNREADABLE.search(text)
    if odd:
        detail = f"the character U+{ord(odd.group()):04X} may only stand in quotes, as an escape"
        raise builder.stop("syntax", position_of(text, odd.start()), detail, here=False)
    reader = _Reader(builder)
    try:
        for event in _events(text):
            taker = _TAKERS.get(type(event))
            if taker is not None:
                mark = event.start_mark
                taker(reader, event, Position(mark.line + 1, mark.column + 1))
    except yaml.MarkedYAMLError as error:
        raise _refusal(error, builder) from None
    except (yaml.YAMLError, ValueError) as error:
        raise builder.stop("syntax", START, str(error)[:200], here=False) from None
    if not reader.documents:
        raise builder.stop("syntax", START, "the document is empty", here=False)
    return builder.finish(), builder


def _events(text: str) -> Iterator[Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.parse(text, Loader=loader)


def _refusal(error: yaml.MarkedYAMLError, builder: TreeBuilder) -> SpecError:
    where, said = _where(error, builder.page), parser_words(error)
    if "directive" in said or "incompatible YAML document" in said:  # one it has no use for
        return builder.stop("yaml-feature", Position(where.line, 1), _DIRECTIVE)
    return builder.stop("syntax", where, why(error, builder.page, where), here=False)


def _where(error: yaml.MarkedYAMLError, page: Page) -> Position:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return START
    if mark.line >= len(page.lines):
        return Position(len(page.lines), len(page.lines[-1]) + 1)
    return Position(mark.line + 1, mark.column + 1)


class _Reader:
    """Turns events into what the tree builder takes, refusing what the language leaves out."""

    def __init__(self, builder: TreeBuilder) -> None:
        self.builder = builder
        self.documents = 0

    def document(self, event: Any, position: Position) -> None:
        self.documents += 1
        if self.documents > 1:
            detail = "a second document starts here; one text is one document"
            raise self.builder.stop("yaml-feature", position, detail)
        if event.version or event.tags:
            self.builder.refuse("yaml-feature", position, _DIRECTIVE)

    def object(self, event: Any, position: Position) -> None:
        self._container(event, {}, position)

    def list(self, event: Any, position: Position) -> None:
        self._container(event, [], position)

    def end(self, _: Any, __: Position) -> None:
        self.builder.close()

    def _container(self, event: Any, container: JSON, position: Position) -> None:
        self._properties(event, position)
        if self.builder.wants_key:
            raise self.builder.stop("yaml-feature", position, self._no_key(position))
        self.builder.open(container, position)

    def _no_key(self, position: Position) -> str:
        detail = "a key has to be a string, not a list or an object"
        written = self.builder.page.line(position.line)[: position.column]
        return f"{detail}; {begins_with('{{')}" if written.endswith("{{") else detail

    def alias(self, event: Any, position: Position) -> None:
        name = quoted(f"*{event.anchor}")
        detail = f"{name} is an alias; write the value out, or quote it as text"
        if self.builder.wants_key:
            raise self.builder.stop("yaml-feature", position, detail)
        self.builder.refuse("yaml-feature", position, detail)
        self.builder.unknown(position)

    def _properties(self, event: Any, position: Position) -> None:
        if event.anchor is not None:
            detail = f"{quoted('&' + event.anchor)} is an anchor; {_LEFT_OUT}"
            self.builder.refuse("yaml-feature", position, detail)
        elif event.tag is not None:
            tag = event.tag.replace(_CORE_TAGS, "!!", 1)
            self.builder.refuse("yaml-feature", position, f"{quoted(tag)} is a tag; {_LEFT_OUT}")

    def scalar(self, event: Any, position: Position) -> None:
        is_key = self.builder.wants_key
        if is_key:  # taken first, so that what is refused of it is pointed at by it
            self.builder.key(event.value, position)
        refused = event.anchor is not None or event.tag is not None
        if refused:
            self._properties(event, position)
        plain = not event.style and not refused
        if is_key:
            if plain:
                self._plain_key(event.value, position)
        elif refused:
            self.builder.unknown(position)
        elif plain:
            self._plain(event.value, position)
        else:
            self.builder.scalar(event.value, position, _style(event.style))

    def _plain_key(self, text: str, position: Position) -> None:
        if text == "<<":
            self.builder.refuse("yaml-feature", position, "`<<` merges; write the keys out")
            self.builder.unknown_object()
        elif _is_old_boolean(text):
            if text not in _OWN_KEYS or self.builder.pointer[:-1] != ("plan",):
                self.builder.refuse("yaml-boolean", position, _old_boolean(text))
        elif not _is_string(text):
            detail = f"a key has to be a string; quote {quoted(text) if text else 'it'}"
            self.builder.refuse("yaml-feature", position, detail)

    def _plain(self, text: str, position: Position) -> None:
        if not _is_string(text):
            self._constant(text, position)
        elif _is_old_boolean(text):
            self.builder.refuse("yaml-boolean", position, _old_boolean(text))
            self.builder.unknown(position)
        else:
            self.builder.scalar(text, position, "plain")

    def _constant(self, text: str, position: Position) -> None:
        if text in _NULL:
            self.builder.scalar(None, position)
        elif text in _TRUE or text in _FALSE:
            self.builder.scalar(text in _TRUE, position)
        else:
            self._number(text, position)

    def _number(self, text: str, position: Position) -> None:
        if _NOT_FINITE.fullmatch(text):
            self.builder.refuse("yaml-feature", position, f"{quoted(text)} is not a finite number")
            self.builder.unknown(position)
            return
        value = _number(text)
        if value is None:
            self.builder.refuse("bad-value", position, f"{echo(text)} is too large a number")
            self.builder.unknown(position)
        else:
            self.builder.scalar(value, position)


_TAKERS: Mapping[type, Callable[[_Reader, Any, Position], None]] = MappingProxyType(
    {
        yaml.DocumentStartEvent: _Reader.document,
        yaml.MappingStartEvent: _Reader.object,
        yaml.SequenceStartEvent: _Reader.list,
        yaml.MappingEndEvent: _Reader.end,
        yaml.SequenceEndEvent: _Reader.end,
        yaml.ScalarEvent: _Reader.scalar,
        yaml.AliasEvent: _Reader.alias,
    }
)


def _is_old_boolean(text: str) -> bool:
    return len(text) <= _OLD_BOOLEAN_CHARS_MAX and text.lower() in _OLD_BOOLEAN


def _is_string(text: str) -> bool:
    if text and text[0] not in _PERHAPS_NO_STRING:
        return True
    if text in _NULL or text in _TRUE or text in _FALSE:
        return False
    return _NUMBER.fullmatch(text) is None


def _number(text: str) -> int | float | None:
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= _DIGITS_MAX else None
    if text.startswith(("0o", "0x")):
        return int(text, 0) if len(text) <= _DIGITS_MAX else None
    value = float(text)
    return value if abs(value) != float("inf") else None


def _style(style: str) -> Style:
    if style == "|":
        return "literal"
    return "quoted" if style in ("'", '"') else "other"


def _old_boolean(text: str) -> str:
    return f"{quoted(text)} is a boolean to some readers: quote it, or write `true` or `false`"
