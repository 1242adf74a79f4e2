"""From passages to units: sentences, list items, table rows, each with what it stands under.

Reads plain text, Markdown, and what is left of HTML and PDF when their text is taken out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from executors.engines.reading.sentences import split_sentences

ITEM_WORDS_MAX = 40
TITLE_WORDS_MAX = 9

_RULE = re.compile(r"\s*(?:={3,}|-{3,}|\*{3,}|_{3,}|\|[ \t|:+-]*-[ \t|:+-]*)\s*")
_HEADING = re.compile(r" {0,3}#{1,6}\s+(?=\S)")
_ITEM = re.compile(r"\s*(?:[-*+•\u2013—‣·◦▪]|\d{1,3}(?:\.\d{1,3})*[.)]|[a-z][.)])(?:\s+|$)")
_PAGE = re.compile(r"\W{0,4}page\s+\d{1,5}(?:\s*(?:of|/)\s*\d{1,5})?\W{0,4}", re.I)


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, an item or a row. A question is not `quotable`, only read.

    `above` is what it stands under: heading, table head, lead-in of a list. `follows`: the unit
    before it, in the same passage, belongs to the same paragraph, list or table.
    """

    text: str
    quotable: bool
    passage: int
    above: str
    follows: bool


@dataclass(slots=True)
class _Block:
    """Lines that belong together. `gap`: something divides them from the block before."""

    kind: str
    lines: list[str]
    gap: bool


def read_units(passages: Sequence[str]) -> list[Unit]:
    """Return the units of every passage, in order."""
    return [unit for at, text in enumerate(passages) for unit in _units(at, _blocks(text))]


def _units(passage: int, blocks: Sequence[_Block]) -> Iterator[Unit]:
    heading = lead = last = ""
    for block in blocks:
        text = " ".join(" ".join(block.lines).split())
        kind = "heading" if block.kind == "text" and _is_title(text) else block.kind
        if not any(character.isalnum() for character in text):
            continue
        if kind == "heading":
            heading, lead = text, ""
        elif kind == "head":
            lead = text
        else:
            lead = "" if kind == "text" else lead
            above = f"{heading} {lead}".strip()
            follows = last in ("text", "item", "row") and (not block.gap or last == kind != "text")
            for sentence in _sentences(kind, text):
                yield Unit(sentence, not sentence.endswith("?"), passage, above, follows)
                follows, lead = True, sentence if kind == "text" and text[-1] == ":" else lead
        last = kind


def _sentences(kind: str, text: str) -> list[str]:
    whole = kind == "row" or (kind == "item" and len(text.split()) <= ITEM_WORDS_MAX)
    return [text] if whole else list(split_sentences(text))


def _blocks(text: str) -> list[_Block]:
    lines = _without_pages([line.rstrip() for line in text.split("\n")])
    blocks: list[_Block] = []
    gap = True
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        kind, said = _kind(line, after)
        if kind == "text" and not gap and blocks[-1].kind in ("text", "item"):
            blocks[-1].lines.append(said)
        elif kind != "gap":
            blocks.append(_Block(kind, [said], gap))
        gap = kind == "gap"
    return blocks


def _kind(line: str, after: str) -> tuple[str, str]:
    """Return what kind of line this is, and what it says."""
    if not line.strip() or _RULE.fullmatch(line):
        return "gap", ""
    if heading := _HEADING.match(line):
        return "heading", line[heading.end() :].rstrip("# ")
    if line.count("|") > 1 and line.strip().startswith("|"):
        is_head = "|" in after and _RULE.fullmatch(after)
        return "head" if is_head else "row", line.strip().strip("|").strip()
    if item := _ITEM.match(line):
        titles = line[item.start() : item.end()].strip()[0].isdigit() and _is_title(line)
        if titles and after[:1].isupper() and not _ITEM.match(after):
            return "heading", line.strip()
        return "item", line[item.end() :]
    return "text", line.strip()


def _is_title(text: str) -> bool:
    return len(text.split()) <= TITLE_WORDS_MAX and text[-1:] not in tuple(
        ".!?;:,|。\uff01\uff1f\"'”\u2019»)"
    )


def _without_pages(lines: Sequence[str]) -> list[str]:
    """Drop page numbers and the running titles before them, so that what they tore apart meets."""
    kept: list[str] = []
    for line in lines:
        if not _PAGE.fullmatch(line):
            kept.append(line)
            continue
        if kept and _is_title(kept[-1].strip()) and not any(kept[-2:-1]):
            kept.pop()
        while kept and not kept[-1].strip():
            kept.pop()
    return kept
