"""The items of a reply, told apart while its text still arrives.

However the text is cut into pieces, the items are the same. A JSON array gives each element once it
is closed; anything else is a list of lines. docs/replies.md says the rules in words.

>>> items = ReplyItems()
>>> items.feed('Sure: ["a", "b'), items.feed(' c"]')
(['a'], ['b c'])
>>> lines = ReplyItems()
>>> lines.feed("1. old mills\\n2. new mi"), lines.end()
(['old mills'], ['new mi'])
"""

import re
from dataclasses import dataclass, field

import orjson

from spec.values import JSON

# Where an array or an object may open, what shows that it does, and what leaves it open.
_OPENER = re.compile(r"[\[{]")
_OBJECT = re.compile(r'\{\s*"')
_OBJECT_YET = re.compile(r"\{\s*")
_NUMBER = r"-?\d[\d.eE+-]*\s*"
_ARRAY = re.compile(rf'\[\s*(?:["{{]|\[\s*["{{\[]|{_NUMBER},|(?:{_NUMBER})?\][ \t`]*\n)')
_ARRAY_YET = re.compile(rf"\[\s*(?:\[\s*|{_NUMBER}|-|(?:{_NUMBER})?\][ \t`]*)?")

_MARK = re.compile(r"\s*(?:[-*+•\u2013\u2014]|\(?\d{1,3}[.):]|\[\d{1,3}\])[ \t]+")
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})\S*\s*")
# What JSON's structure is made of; a string and a scalar between these are left alone.
_STRUCTURE = re.compile(r'["\[\]{},]')
_OBJECT_WHOLE = re.compile(r'\{\s*["}]')
_STRING_REST = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_STRING_END = re.compile(r'["\\]')
_ITEMS_KEY = re.compile(r'\{\s*(?:.*,\s*)?"items"\s*:\s*', re.DOTALL)


class NotAnItem(Exception):
    """What stands where an element should is no JSON."""


class ReplyItems:
    """Reads one reply. Raises `NotAnItem` where an array holds what is no JSON.

    The items before it are given first, however the text is cut: whoever wants no more of them
    never learns of it.
    """

    def __init__(self) -> None:
        self._text = ""
        self._at = 0  #: what stands before is dealt with
        self._array: _Array | None = None
        self._kind: str | None = None  #: "json" or "lines", once told
        self._done = False
        self._broken: NotAnItem | None = None  #: raised when it is asked for more
        self._held: list[str] = []  #: lines that say something, before it is told what they are

    @property
    def closed(self) -> bool:
        """Whether no more items can come, whatever does."""
        return self._done and self._broken is None

    def feed(self, text: str) -> list[JSON]:
        """Take the next piece of the reply; return the items that are closed by it."""
        self._text += text
        return self._read(ended=False)

    def end(self) -> list[JSON]:
        """Return the items that only the end of the reply closes. What is cut off is left out."""
        self._text += "" if self._text.endswith("\n") else "\n"
        found = self._read(ended=True)
        if self._kind is None:
            found += _cleaned(self._held)
        return found

    def _read(self, *, ended: bool) -> list[JSON]:
        self._raise_broken()
        found: list[JSON] = []
        while not self._done:
            before = (self._at, self._kind, self._array)
            if self._array is not None:
                found += self._elements(self._array)
            elif self._kind == "lines":
                found += self._line()
            else:
                found += self._look(ended=ended)
            if before == (self._at, self._kind, self._array):
                break
        if not found:
            self._raise_broken()
        return found

    def _raise_broken(self) -> None:
        if self._broken is not None:
            raise self._broken

    def _elements(self, array: "_Array") -> list[JSON]:
        slices = array.read(self._text)
        self._at = array.at
        if array.closed:
            self._array = None
            self._done = array.is_list
        return self._values(slices)

    def _values(self, parts: list[str]) -> list[JSON]:
        """Return what the parts say, up to one that is no JSON: nothing is read after that."""
        found: list[JSON] = []
        for part in parts:
            try:
                found.append(_value(part))
            except NotAnItem as error:
                self._broken, self._done = error, True
                break
        return found

    def _line(self) -> list[JSON]:
        end = self._text.find("\n", self._at)
        if end < 0:
            return []
        line, self._at = self._text[self._at : end], end + 1
        return list[JSON](_cleaned([line]))

    def _look(self, *, ended: bool) -> list[JSON]:
        """Deal with one line, or with what of it is there: where does JSON begin, if it does?"""
        end = self._text.find("\n", self._at)
        stop = end if end >= 0 else len(self._text)
        for opener in _OPENER.finditer(self._text, self._at, stop):
            start = opener.start()
            shape = _OBJECT if opener[0] == "{" else _ARRAY
            if shape.match(self._text, start):
                self._kind, self._at = "json", start
                self._array = _Array(start, is_list=opener[0] == "[")
                return []
            yet = _OBJECT_YET if opener[0] == "{" else _ARRAY_YET
            if yet.fullmatch(self._text, start) and not ended:
                return []
        if end < 0:
            return []
        return self._pass_by(self._text[self._at : end], end + 1)

    def _pass_by(self, line: str, after: int) -> list[JSON]:
        self._at = after
        if self._kind == "json":
            return []
        if not line.strip() or _FENCE.fullmatch(line):
            return []
        before = self._held
        if _MARK.match(line) and (not before or (len(before) == 1 and _is_lead_in(before[0]))):
            self._kind = "lines"
            return list[JSON](_cleaned([line]))
        self._held.append(line)
        return []


def first_object(text: str) -> JSON:
    """Return the first JSON object in `text`. Raise `NotAnItem` if there is none that is whole."""
    at, found = 0, "there is none"
    while (opener := _OBJECT_WHOLE.search(text, at)) is not None:
        at = _end_of(text, opener.start())
        if at < 0:
            raise NotAnItem("the reply ends before its object does")
        try:
            return _value(text[opener.start() : at])
        except NotAnItem as error:
            found = str(error)
    raise NotAnItem(found)


def _end_of(text: str, start: int) -> int:
    """Return where the object that opens at `start` ends, or -1."""
    depth, at = 0, start
    while (mark := _STRUCTURE.search(text, at)) is not None:
        at = mark.end()
        if mark[0] == '"':
            if (string := _STRING_REST.match(text, at)) is None:
                return -1
            at = string.end()
        elif mark[0] in "[{":
            depth += 1
        elif mark[0] in "]}":
            depth -= 1
            if depth == 0:
                return at
    return -1


@dataclass(slots=True)
class _Array:
    """An array, or an object that may hold one as its `items`; read as far as it is there."""

    at: int
    is_list: bool
    closed: bool = False
    _start: int = field(init=False)  #: of the element in hand
    _depth: int = 0
    _in_string: bool = False
    _deep: int = 1  #: how deep the elements stand

    def __post_init__(self) -> None:
        self._start = self.at

    def read(self, text: str) -> list[str]:
        """Return the elements that `text` closes beyond those returned before."""
        found: list[str] = []
        while not self.closed:
            if self._in_string and not self._skip_string(text):
                break
            mark = _STRUCTURE.search(text, self.at)
            if mark is None:
                self.at = len(text)
                break
            found += self._take(text, mark[0], mark.start())
        return [part for part in found if part.strip()]

    def _skip_string(self, text: str) -> bool:
        """Go behind the string in hand; say whether it ends in what is there."""
        while (mark := _STRING_END.search(text, self.at)) is not None:
            if mark[0] == '"':
                self.at, self._in_string = mark.end(), False
                return True
            if mark.end() == len(text):
                self.at = mark.start()  # what is escaped has not come yet
                return False
            self.at = mark.end() + 1
        self.at = len(text)
        return False

    def _take(self, text: str, sign: str, start: int) -> list[str]:
        self.at = start + 1
        match sign:
            case '"':
                self._in_string = True
            case "[" | "{":
                self._open(text, sign, start)
            case ",":
                if self.is_list and self._depth == self._deep:
                    return self._close_element(text, start)
            case _:
                return self._close(text, start)
        return []

    def _open(self, text: str, sign: str, start: int) -> None:
        self._depth += 1
        if self.is_list:
            if self._depth == self._deep:
                self._start = self.at
        elif self._depth == 2 and sign == "[" and self._is_items(text, start):
            self.is_list, self._deep, self._start = True, 2, self.at

    def _is_items(self, text: str, start: int) -> bool:
        return _ITEMS_KEY.fullmatch(text, self._start, start) is not None

    def _close(self, text: str, start: int) -> list[str]:
        found: list[str] = []
        if self.is_list and self._depth == self._deep:
            found = self._close_element(text, start)
            self.closed = True
        self._depth -= 1
        if not self.is_list and self._depth == 0:
            self.closed = True
            found = [text[self._start : self.at]]
        return found

    def _close_element(self, text: str, stop: int) -> list[str]:
        element, self._start = text[self._start : stop], stop + 1
        return [element]


def _value(text: str) -> JSON:
    try:
        value: JSON = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise NotAnItem(text.strip()[:80]) from None
    return value


def _is_lead_in(line: str) -> bool:
    """Say whether a line before a list, such as "Here they are:", is none of its items."""
    return line.rstrip().endswith(":")


def _cleaned(lines: list[str]) -> list[str]:
    """Return the lines that say something, without bullet or number."""
    bare = (_MARK.sub("", line, count=1).strip() for line in lines if not _FENCE.fullmatch(line))
    return [line for line in bare if line]
