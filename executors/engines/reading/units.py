"""From passages to units: sentences, list items, table rows, each with what it stands under.

Reads plain text, Markdown, and what is left of HTML and PDF when their text is taken out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from executors.engines.reading.sentences import ends_sentence, split_sentences

ITEM_WORDS_MAX = 40
LABEL_WORDS_MAX = 9
ABOVE_CHARS_MAX = 300
WRAPPED_CHARS_MIN = 50
#: A line this much shorter than the text is wide was ended on purpose.
FULL_LINE = 0.72

_BLANK = ""
_HEADING = re.compile(r" {0,3}#{1,6}\s+(?=\S)")
_UNDERLINE = re.compile(r"\s*(?:={3,}|-{3,}|\*{3,}|_{3,})\s*")
_NUMBERED = re.compile(r"\s*\d{1,3}(?:\.\d{1,3}){0,3}[.)]?\s+(?=\S)")
_ITEM = re.compile(r"\s*(?:[-*+•\u2013—‣·◦▪]|\d{1,3}[.)]|[a-z][.)])\s+(?=\S)")
_BARE_ITEM = re.compile(r"\s*(?:[-*+•\u2013—‣·◦▪]|\d{1,3}[.)]|[a-z][.)])\s*")
_PAGE = re.compile(r"\W{0,4}page\s+\d{1,5}(?:\s*(?:of|/)\s*\d{1,5})?\W{0,4}", re.I)


class Kind(Enum):
    """What a unit is."""

    SENTENCE = "sentence"
    ITEM = "item"
    ROW = "row"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that can be quoted.

    `above` is what it stands under: heading, table head, lead-in of a list. `follows`: the unit
    before it, in the same passage, belongs to the same paragraph, list or table.
    """

    text: str
    kind: Kind
    passage: int
    above: str
    follows: bool


def read_units(passages: Sequence[str]) -> list[Unit]:
    """Return the units of every passage, in order."""
    return [unit for at, text in enumerate(passages) for unit in _Reader(at, text).units()]


@dataclass(slots=True)
class _Reader:
    """Reads one passage line by line; `held` are the lines of the paragraph or item being read."""

    passage: int
    text: str
    width: int = 0
    heading: str = ""
    lead: str = ""
    head: str = ""
    held: list[str] = field(default_factory=list)
    item: bool = False
    last: Kind | None = None
    found: list[Unit] = field(default_factory=list)

    def units(self) -> list[Unit]:
        """Read to the end and return what was found."""
        lines = _without_furniture([line.rstrip() for line in self.text.split("\n")])
        self.width = _width(lines)
        for at, line in enumerate(lines):
            self._read(line, lines[at + 1] if at + 1 < len(lines) else _BLANK)
        self._flush()
        return self.found

    def _read(self, line: str, after: str) -> None:
        if not line.strip():
            self._flush()
            if self.last is not Kind.ITEM:
                self.last, self.head = None, ""
        elif _UNDERLINE.fullmatch(line):
            self._close_heading()
        elif heading := _HEADING.match(line):
            self._flush()
            self._head(line[heading.end() :].rstrip("# "))
        elif line.count("|") > 1 and line.strip().startswith("|"):
            self._flush()
            self._row(line, after)
        else:
            self._text(line, after)

    def _text(self, line: str, after: str) -> None:
        stands_alone = not self.held and not after.strip()
        if _is_title(line) and (stands_alone or _NUMBERED.match(line)):
            self._flush()
            self._head(line.strip())
            return
        if item := _ITEM.match(line):
            self._flush()
            self.item = True
            line = line[item.end() :]
        elif self.held and self._breaks(self.held[-1], line):
            self._flush()
        if not _BARE_ITEM.fullmatch(line):
            self.held.append(line.strip())

    def _breaks(self, line: str, after: str) -> bool:
        """Say whether `line` was ended on purpose, not because its text was wrapped."""
        if self.item:
            return False
        first = after.split(maxsplit=1)[0]
        if first[0].islower() and not ends_sentence(line):
            return False
        return len(line) + 1 + len(first) < FULL_LINE * self.width

    def _close_heading(self) -> None:
        """A rule under one short line makes it a heading; any other only divides."""
        titled = len(self.held) == 1 and _is_title(self.held[0])
        title = self.held[0] if titled else ""
        if titled:
            self.held.clear()
        self._flush()
        self._leave()
        if titled:
            self._head(title)

    def _head(self, text: str) -> None:
        self._leave()
        self._add(text, Kind.LABEL)
        self.heading = text

    def _leave(self) -> None:
        self.last, self.lead, self.head = None, "", ""

    def _row(self, line: str, after: str) -> None:
        if _is_rule(line):
            return
        text = line.strip().strip("|").strip()
        if _is_rule(after):
            self._leave()
            self._add(text, Kind.LABEL)
            self.head = text
        elif text:
            self._add(text, Kind.ROW)

    def _flush(self) -> None:
        """Turn the lines that are held into units."""
        text = " ".join(" ".join(self.held).split())
        item, self.item = self.item, False
        self.held.clear()
        if not text:
            return
        if item and len(text.split()) <= ITEM_WORDS_MAX:
            self._add(text, Kind.ITEM)
            return
        if not item and self.last is Kind.ITEM:
            self._leave()
        sentences = list(split_sentences(text))
        short = len(text.split()) <= LABEL_WORDS_MAX and not ends_sentence(text)
        for sentence in sentences:
            self._add(sentence, Kind.LABEL if short and not item else Kind.SENTENCE)
        if not item:
            self.lead = sentences[-1] if text.endswith(":") else ""
        elif sentences:
            self.last = Kind.ITEM

    def _add(self, text: str, kind: Kind) -> None:
        text = " ".join(text.split())
        if not any(character.isalnum() for character in text):
            return
        above = " ".join(part for part in (self.heading, self.lead, self.head) if part)
        follows = self.last is not None
        self.found.append(Unit(text, kind, self.passage, above[:ABOVE_CHARS_MAX], follows))
        self.last = kind


def _width(lines: Sequence[str]) -> int:
    """Return how wide the running text is wrapped; zero where it is not."""
    lengths = sorted(len(line) for line in lines if len(line) >= WRAPPED_CHARS_MIN)
    return lengths[len(lengths) * 4 // 5] if lengths else 0


def _is_rule(line: str) -> bool:
    """Say whether `line` divides the head of a table from its rows."""
    return "-" in line and "|" in line and not line.strip(" \t|:+-")


def _is_title(line: str) -> bool:
    words = line.split()
    return len(words) <= LABEL_WORDS_MAX and line.rstrip()[-1:] not in tuple(
        ".!?;:,|。\uff01\uff1f"
    )


def _without_furniture(lines: Sequence[str]) -> list[str]:
    """Drop page numbers and the running titles beside them; join what they had torn apart."""
    kept: list[str] = []
    torn = False
    for line in lines:
        if _PAGE.fullmatch(line):
            _drop_running_title(kept)
            torn = True
        elif torn:
            torn = not line.strip()
            if line.strip() and (not kept or ends_sentence(kept[-1]) or not _continues(line)):
                kept.append(_BLANK)
            if line.strip():
                kept.append(line)
        else:
            kept.append(line)
    return kept


def _continues(line: str) -> bool:
    return line.strip()[:1].islower() or line.strip()[:1].isdigit()


def _drop_running_title(kept: list[str]) -> None:
    stands_alone = len(kept) == 1 or (len(kept) > 1 and not kept[-2].strip())
    if stands_alone and kept[-1].strip() and _is_title(kept[-1]):
        kept.pop()
    while kept and not kept[-1].strip():
        kept.pop()
