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
from spec.page import decode
from spec.problems import SpecError, echo, quoted
from spec.quoting import begins_with, parser_words, why
from spec.source import START, Page, Position, Source, Tree
from spec.tree_builder import TreeBuilder
from spec.values import JSON

_CONSTANTS: Mapping[str, bool | None] = MappingProxyType(
    dict.fromkeys(("", "~", "null", "Null", "NULL"), None)
    | dict.fromkeys(("true", "True", "TRUE"), True)
    | dict.fromkeys(("false", "False", "FALSE"), False)
)
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
        raise builder.stop_at("syntax", page.position(odd.start()), detail)
    reader = _Reader(builder)
    try:
        for event in _events(text):
            taker = _TAKERS.get(type(event))
            if taker is not None:
                taker(reader, event)
    except yaml.MarkedYAMLError as error:
        raise _refusal(error, builder) from None
    except (yaml.YAMLError, ValueError) as error:
        raise builder.stop_at("syntax", START, str(error)[:200]) from None
    if not reader.documents:
        raise builder.stop_at("syntax", START, "the document is empty")
    return builder.finish(), builder


def _events(text: str) -> Iterator[Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return iter(loader(text).get_event, None)


def _refusal(error: yaml.MarkedYAMLError, builder: TreeBuilder) -> SpecError:
    where, said = _where(error, builder.page), parser_words(error)
    if "directive" in said or "incompatible YAML document" in said:  # one it has no use for
        start = Position(where.line, 1)
        return builder.stop_at("yaml-feature", start, _DIRECTIVE, builder.pointer)
    return builder.stop_at("syntax", where, why(error, builder.page, where))


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
        at = event.start_mark.index
        self.documents += 1
        if self.documents > 1:
            detail = "a second document starts here; one text is one document"
            raise self.builder.stop("yaml-feature", at, detail)
        if event.version or event.tags:
            self.builder.refuse("yaml-feature", at, _DIRECTIVE)

    def object(self, event: Any) -> None:
        self._container(event, {}, event.start_mark.index)

    def list(self, event: Any) -> None:
        self._container(event, [], event.start_mark.index)

    def end(self, _: Any) -> None:
        self.builder.close()

    def _container(self, event: Any, container: JSON, at: int) -> None:
        if event.anchor is not None or event.tag is not None:
            self._properties(event, at)
        if self.builder.wants_key:
            raise self.builder.stop("yaml-feature", at, self._no_key(at))
        self.builder.open(container, at)

    def _no_key(self, at: int) -> str:
        detail = "a key has to be a string, not a list or an object"
        opens_twice = self.builder.page.text.endswith("{{", 0, at + 1)
        return f"{detail}; {begins_with('{{')}" if opens_twice else detail

    def alias(self, event: Any) -> None:
        at = event.start_mark.index
        name = quoted(f"*{event.anchor}")
        detail = f"{name} is an alias; write the value out, or quote it as text"
        if self.builder.wants_key:
            raise self.builder.stop("yaml-feature", at, detail)
        self.builder.refuse("yaml-feature", at, detail)
        self.builder.unknown(at)

    def _properties(self, event: Any, at: int) -> None:
        if event.anchor is not None:
            detail = f"{quoted('&' + event.anchor)} is an anchor; {_LEFT_OUT}"
            self.builder.refuse("yaml-feature", at, detail)
        elif event.tag is not None:
            tag = event.tag.replace(_CORE_TAGS, "!!", 1)
            self.builder.refuse("yaml-feature", at, f"{quoted(tag)} is a tag; {_LEFT_OUT}")

    def scalar(self, event: Any) -> None:
        builder, text, at = self.builder, event.value, event.start_mark.index
        marked = event.anchor is not None or event.tag is not None
        if builder.wants_key:
            builder.key(text, at)  # so that what is refused of it is pointed at by it
            if marked:
                self._properties(event, at)
            elif text[:1] in _PERHAPS_SPECIAL and not event.style:
                self._plain_key(text, at)
        elif marked:
            self._properties(event, at)
            builder.unknown(at)
        elif text[:1] in _PERHAPS_SPECIAL and not event.style:
            self._plain(text, at)
        else:
            builder.text(text, at)

    def _plain_key(self, text: str, at: int) -> None:
        if text == "<<":
            self.builder.refuse("yaml-feature", at, "`<<` merges; write the keys out")
            self.builder.unknown_object()
        elif _is_old_boolean(text):
            if text not in _OWN_KEYS or self.builder.pointer[:-1] != ("plan",):
                self.builder.refuse("yaml-boolean", at, _old_boolean(text))
        elif text in _CONSTANTS or _NUMBER.fullmatch(text):
            detail = f"a key has to be a string; quote {quoted(text) if text else 'it'}"
            self.builder.refuse("yaml-feature", at, detail)

    def _plain(self, text: str, at: int) -> None:
        if text in _CONSTANTS:
            self.builder.scalar(_CONSTANTS[text], at)
        elif number := _NUMBER.fullmatch(text):
            self._number(text, number.lastgroup, at)
        elif _is_old_boolean(text):
            self._refuse("yaml-boolean", at, _old_boolean(text))
        else:
            self.builder.text(text, at)

    def _number(self, text: str, form: str | None, at: int) -> None:
        if form == "integer" and len(text) <= _DIGITS_MAX:
            self.builder.scalar(int(text), at)
        elif form == "based" and len(text) <= _DIGITS_MAX:
            self.builder.scalar(int(text, 0), at)
        elif form == "decimal" and isfinite(value := float(text)):
            self.builder.scalar(value, at)
        elif form == "not_finite":
            self._refuse("yaml-feature", at, f"{quoted(text)} is not a finite number")
        else:
            self._refuse("bad-value", at, f"{echo(text)} is too large a number")

    def _refuse(self, code: Code, at: int, detail: str) -> None:
        """Refuse a value, which stays in its place and says nothing."""
        self.builder.refuse(code, at, detail)
        self.builder.unknown(at)


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
