"""Strict YAML 1.2 core schema, read from the parser's events: no object is ever constructed.

Depth and size are counted as events arrive, so a hostile document costs no more than its limits.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from types import MappingProxyType
from typing import Any

import yaml

from spec.codes import Code
from spec.limits import Limits
from spec.page import decode, position_of
from spec.problems import SpecError, echo, quoted
from spec.quoting import begins_with, parser_words, why
from spec.source import START, Page, Position, Source, Style, Tree
from spec.tree_builder import TreeBuilder
from spec.values import JSON

_CONSTANTS: Mapping[str, bool | None] = MappingProxyType(
    dict.fromkeys(("", "~", "null", "Null", "NULL"), None)
    | dict.fromkeys(("true", "True", "TRUE"), True)
    | dict.fromkeys(("false", "False", "FALSE"), False)
)
_STYLES: Mapping[str, Style] = {"|": "literal", "'": "quoted", '"': "quoted"}
_OLD_BOOLEAN = frozenset({"yes", "no", "on", "off"})
_OWN_KEYS = ("off", "on")  # the language's own keys of `plan`, which stand there unquoted
_NUMBER = re.compile(
    r"(?P<integer>[-+]?[0-9]+)"
    r"|(?P<decimal>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<based>0o[0-7]+|0x[0-9a-fA-F]+)"
    r"|(?P<not_finite>[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
)
_UNREADABLE = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_PERHAPS_SPECIAL = frozenset(("", *"-+.0123456789~nNtTfFyYoO<"))  # how what is no string begins
_made = tuple.__new__  # a `Position` from a tuple, in half the time: there are two for each value
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
                taker(reader, event)
    except yaml.MarkedYAMLError as error:
        raise _refusal(error, builder) from None
    except (yaml.YAMLError, ValueError) as error:
        raise builder.stop("syntax", START, str(error)[:200], here=False) from None
    if not reader.documents:
        raise builder.stop("syntax", START, "the document is empty", here=False)
    return builder.finish(), builder


def _events(text: str) -> Iterator[Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return iter(loader(text).get_event, None)


def _position(event: Any) -> Position:
    mark = event.start_mark
    return _made(Position, (mark.line + 1, mark.column + 1))


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

    def document(self, event: Any) -> None:
        position = _position(event)
        self.documents += 1
        if self.documents > 1:
            detail = "a second document starts here; one text is one document"
            raise self.builder.stop("yaml-feature", position, detail)
        if event.version or event.tags:
            self.builder.refuse("yaml-feature", position, _DIRECTIVE)

    def object(self, event: Any) -> None:
        self._container(event, {}, _position(event))

    def list(self, event: Any) -> None:
        self._container(event, [], _position(event))

    def end(self, _: Any) -> None:
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

    def alias(self, event: Any) -> None:
        position = _position(event)
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

    def scalar(self, event: Any) -> None:
        position = _position(event)
        builder, style, text = self.builder, event.style, event.value
        if builder.wants_key:
            self._key(event, position)
        elif event.anchor is not None or event.tag is not None:
            self._properties(event, position)
            builder.unknown(position)
        elif style:
            builder.text(text, position, _STYLES.get(style, "other"))
        elif text[:1] in _PERHAPS_SPECIAL:
            self._plain(text, position)
        else:
            builder.text(text, position, "plain")

    def _key(self, event: Any, position: Position) -> None:
        text = event.value
        self.builder.key(text, position)  # so that what is refused of it is pointed at by it
        if event.anchor is not None or event.tag is not None:
            self._properties(event, position)
        elif not event.style and text[:1] in _PERHAPS_SPECIAL:
            self._plain_key(text, position)

    def _plain_key(self, text: str, position: Position) -> None:
        if text == "<<":
            self.builder.refuse("yaml-feature", position, "`<<` merges; write the keys out")
            self.builder.unknown_object()
        elif _is_old_boolean(text):
            if text not in _OWN_KEYS or self.builder.pointer[:-1] != ("plan",):
                self.builder.refuse("yaml-boolean", position, _old_boolean(text))
        elif text in _CONSTANTS or _NUMBER.fullmatch(text):
            detail = f"a key has to be a string; quote {quoted(text) if text else 'it'}"
            self.builder.refuse("yaml-feature", position, detail)

    def _plain(self, text: str, position: Position) -> None:
        if text in _CONSTANTS:
            self.builder.scalar(_CONSTANTS[text], position)
        elif number := _NUMBER.fullmatch(text):
            self._number(text, number.lastgroup, position)
        elif _is_old_boolean(text):
            self._refuse("yaml-boolean", position, _old_boolean(text))
        else:
            self.builder.text(text, position, "plain")

    def _number(self, text: str, form: str | None, position: Position) -> None:
        if form == "integer" and len(text) <= _DIGITS_MAX:
            self.builder.scalar(int(text), position)
        elif form == "based" and len(text) <= _DIGITS_MAX:
            self.builder.scalar(int(text, 0), position)
        elif form == "decimal" and isfinite(value := float(text)):
            self.builder.scalar(value, position)
        elif form == "not_finite":
            self._refuse("yaml-feature", position, f"{quoted(text)} is not a finite number")
        else:
            self._refuse("bad-value", position, f"{echo(text)} is too large a number")

    def _refuse(self, code: Code, position: Position, detail: str) -> None:
        """Refuse a value, which stays in its place and says nothing."""
        self.builder.refuse(code, position, detail)
        self.builder.unknown(position)


_TAKERS: Mapping[type, Callable[[_Reader, Any], None]] = MappingProxyType(
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


def _old_boolean(text: str) -> str:
    return f"{quoted(text)} is a boolean to some readers: quote it, or write `true` or `false`"
