"""What an author wrote where the YAML parser gave up, and what cures it: most often, quotes.

Knows the parser's own words and the page; what is right YAML and wrong here is for the reader.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import yaml

from spec.problems import quoted
from spec.source import Page, Position

WANTED = "wants quotes around all of it"
ENDED = "inside { } and [ ] a value without quotes ends at a `,`"
CUT = f"{ENDED}: this one {WANTED}"
_INSIDE = f"inside {{ }} and [ ] a value that holds any of [ ] {{ }} , or `: ` {WANTED}"
_TAB = "a tab does not indent in YAML: use spaces"
_INDENT = "this line is indented unlike those it belongs to"
_KEY = re.compile(r""":(?:\s|$)|^\s*[-?]\s""")  # whatever stands before has a place of its own
_OPEN_SLOT = re.compile(r"[^'\"]*\{\{")


def parser_words(error: yaml.MarkedYAMLError) -> str:
    """Return what the parser says itself: what it was reading, and what it did not find there."""
    return " ".join(part for part in (error.context, error.problem) if part)


def why(error: yaml.MarkedYAMLError, page: Page, at: Position) -> str:
    """Return what is wrong `at` the place where the parser stopped, and what cures it."""
    said = parser_words(error)
    mark = error.context_mark
    since = Position(mark.line + 1, mark.column + 1) if mark else at
    stop = _Stop(page, at, since)
    for words, say in _SAYINGS:
        if words in said:
            return say(stop)
    return said or "this is not YAML"


def begins_with(characters: str) -> str:
    """Say that a value which begins with `characters` has to stand in quotes."""
    shown = "a backtick" if characters == "`" else quoted(characters)
    return f"a value that begins with {shown} {WANTED}"


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where the parser stopped, and where what it was reading had begun."""

    page: Page
    at: Position
    since: Position

    @property
    def char(self) -> str:
        """The character that it could not take; none at the end of a line."""
        return self.page.line(self.at.line)[self.at.column - 1 :][:1]

    @property
    def before(self) -> str:
        """What stands before it on its line."""
        return self.page.line(self.at.line)[: self.at.column - 1]

    @property
    def opening(self) -> str:
        """The character that began what is being read."""
        return self.page.line(self.since.line)[self.since.column - 1 :][:1]

    @property
    def began(self) -> str:
        """That character and its place, as they stand in a sentence."""
        return f"the {quoted(self.opening)} of line {self.since.line}, column {self.since.column}"


def _no_beginning(stop: _Stop) -> str:
    return _TAB if stop.char == "\t" else begins_with(stop.char)


def _tab(_: _Stop) -> str:
    return _TAB


def _key_out_of_place(stop: _Stop) -> str:
    if _KEY.search(stop.before):
        return f"a value that holds `: ` {WANTED}"
    return (
        "this line goes on with the value above it: indent it as far as its neighbours, "
        "and put a space after each `:`"
    )


def _entry(_: _Stop) -> str:
    return f"{begins_with('- ')}; a list begins on the line below its key"


def _question(_: _Stop) -> str:
    return begins_with("? ")


def _property(stop: _Stop) -> str:
    return begins_with(stop.opening)


def _block_text(stop: _Stop) -> str:
    detail = f"after {quoted(stop.opening)} the text begins on the next line"
    return f"{detail}; {begins_with(stop.opening)}"


def _open_quote(stop: _Stop) -> str:
    detail = f"{stop.began} opens a quote that is not closed"
    if _OPEN_SLOT.match(stop.page.line(stop.since.line)[: stop.since.column - 1]):
        return f"{detail}; {begins_with('{{')}"
    return detail


def _escape(_: _Stop) -> str:
    return "in double quotes `\\` opens an escape: write `\\\\`, or use single quotes"


def _misplaced(stop: _Stop) -> str:
    before = stop.before.rstrip()
    if before.endswith(("'", '"', "]", "}")):
        return _after_value(before)
    return _INDENT


def _after_value(before: str) -> str:
    twice = "; in single quotes a `'` is written twice" if before.endswith("'") else ""
    return f"the value has ended before this: one that goes on {WANTED}{twice}"


def _unlike(_: _Stop) -> str:
    return _INDENT


def _inside(stop: _Stop) -> str:
    before = stop.before.rstrip()
    if not before:
        return f"{stop.began} is not closed, or a `,` is missing before this"
    if stop.char == ":":
        below = f", or {stop.began} is not closed" * (stop.at.line > stop.since.line)
        return f"{_INSIDE}; between two keys stands a `,`{below}"
    if stop.char not in ("[", "{") and before.endswith(("'", '"')):
        return _after_value(before) if stop.char.isalnum() else CUT
    return _INSIDE


def _no_colon(stop: _Stop) -> str:
    line, column = stop.since
    return f"a `:` and a space are missing after the key of line {line}, column {column}"


def _no_content(stop: _Stop) -> str:
    return begins_with(stop.char) if stop.char else _INDENT


def _no_document(_: _Stop) -> str:
    return "the document has ended before this: nothing may follow it"


_SAYINGS: tuple[tuple[str, Callable[[_Stop], str]], ...] = (
    ("cannot start any token", _no_beginning),
    ("found a tab", _tab),
    ("mapping values are not allowed", _key_out_of_place),
    ("found unexpected ':'", _inside),
    ("block sequence entries are not allowed", _entry),
    ("mapping keys are not allowed", _question),
    ("scanning an alias", _property),
    ("scanning an anchor", _property),
    ("parsing a tag", _property),
    ("scanning a tag", _property),
    ("undefined tag handle", _property),
    ("scanning a block scalar", _block_text),
    ("scanning a quoted scalar", _open_quote),
    ("parsing a quoted scalar", _escape),
    ("did not find expected key", _misplaced),
    ("did not find expected '-'", _unlike),
    ("parsing a flow mapping", _inside),
    ("parsing a flow sequence", _inside),
    ("could not find expected ':'", _no_colon),
    ("did not find expected node content", _no_content),
    ("did not find expected <document start>", _no_document),
)
