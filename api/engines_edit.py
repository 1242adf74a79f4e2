"""Writes what was measured into the text of an engines.yaml, and leaves every other byte alone.

No file is touched here. What it gives is read again and held against what was meant.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from spec.load import read
from spec.source import Media, Source

KEY = "costs"
_LINE = re.compile(r"[^\r\n]*")
_COMMENTED = re.compile(r"\s*,?[ \t]*#")


class NotEditable(Exception):
    """The text cannot be changed safely; the message says why."""


def flow_text(costs: Mapping[str, float], media: Media) -> str:
    """Return `costs` as an object on one line, as `media` writes it.

    >>> flow_text({"fixed_ms": 26.0, "row_ms": 0.0000012}, "yaml")
    '{fixed_ms: 26, row_ms: 0.0000012}'
    """
    quote = '"' if media == "json" else ""
    figures = (f"{quote}{name}{quote}: {figure_text(value)}" for name, value in costs.items())
    return f"{{{', '.join(figures)}}}"


def figure_text(value: float) -> str:
    """Return a number without an exponent: YAML takes some of those for text."""
    digits = f"{value:.12f}".rstrip("0").rstrip(".")
    return digits or "0"


def with_costs(source: Source, pool: str, costs: Mapping[str, float]) -> bytes:
    """Return the text of `source` with the costs of a pool, those it may have had replaced.

    Raise `NotEditable`; nothing is wrong with `source` itself, which has been read before.
    """
    text = source.data.decode()
    before: Any = read(source).value
    if pool not in before["pools"]:
        raise NotEditable(f"the file declares no pool '{pool}'")
    entry = f"{_key(source.media)}: {flow_text(costs, source.media)}"
    edited = _edited(text, source.media, pool, entry).encode()
    wanted = {name: dict(body) for name, body in before["pools"].items()}
    wanted[pool][KEY] = dict(costs)
    if read(Source(source.name, edited, source.media)).value != before | {"pools": wanted}:
        raise NotEditable("the text around the pool is not of a form that is known here")
    return edited


def _key(media: Media) -> str:
    return f'"{KEY}"' if media == "json" else KEY


@dataclass(frozen=True, slots=True)
class _Entry:
    """One key of an object with its value: where both stand, as indexes of characters."""

    name: str
    start: int
    value: int
    end: int


def _edited(text: str, media: Media, pool: str, entry: str) -> str:
    # A tab is no blank to a reader of YAML, and stands in no string of JSON.
    plain = text.replace("\t", " ") if media == "json" else text
    body = _child(_child(_composed(plain), "pools"), pool)
    if not isinstance(body, yaml.MappingNode) or not body.value:
        raise NotEditable("the pool is no object with keys")
    entries = [_entry(key, value) for key, value in body.value]
    for each in entries:
        if each.name == KEY:
            return f"{text[: each.start]}{entry}{text[each.end :]}"
    if body.flow_style:
        return _in_flow(text, entries[-1], entry)
    return _in_block(text, entries, entry)


def _composed(text: str) -> yaml.Node:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise NotEditable(f"it cannot be taken apart: {error}") from None
    if node is None:
        raise NotEditable("it is empty")
    return node


def _child(node: yaml.Node, name: str) -> yaml.Node:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.value == name:
            found: yaml.Node = value
            return found
    raise NotEditable(f"there is no object with a key '{name}'")


def _entry(key: yaml.Node, value: yaml.Node) -> _Entry:
    return _Entry(str(key.value), key.start_mark.index, value.start_mark.index, _end(value))


def _end(node: yaml.Node) -> int:
    """Return where the last character of a value is over: what a parser calls the end of a block
    is the beginning of what follows it, comments between skipped.
    """
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        raise NotEditable("a text in a block of its own stands where the costs belong")
    end: int = node.end_mark.index
    return end


def _in_flow(text: str, last: _Entry, entry: str) -> str:
    """Add to `{…}` after its last key: on a line of its own if that key has one."""
    start = _line_start(text, last.start)
    indent = text[start : last.start]
    is_alone = not indent.strip() and start > 0
    if is_alone and not _COMMENTED.match(_rest(text, last.end)):
        return f"{text[: last.end]},{_newline(text)}{indent}{entry}{text[last.end :]}"
    return f"{text[: last.end]}, {entry}{text[last.end :]}"


def _in_block(text: str, entries: list[_Entry], entry: str) -> str:
    """Add a line to a block, below that of its last key and what is said beside it."""
    first = entries[0].start
    indent = text[_line_start(text, first) : first]
    if indent.strip():
        raise NotEditable("the first key of the pool does not begin its line")
    end = entries[-1].end + len(_rest(text, entries[-1].end))
    # What is said below the last value and deeper than the keys belongs to that value.
    deeper = re.compile(rf"(?:\r\n|\r|\n){re.escape(indent)}[ \t]+#[^\r\n]*")
    while found := deeper.match(text, end):
        end = found.end()
    return f"{text[:end]}{_newline(text)}{indent}{entry}{text[end:]}"


def _line_start(text: str, index: int) -> int:
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def _rest(text: str, index: int) -> str:
    """Return what is left of a line."""
    found = _LINE.match(text, index)
    return found[0] if found else ""


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
