"""From the rendered text of a prompt to what is asked and the passages it is asked about.

Knows nothing of templates: whatever wrote the prompt, only its text is read.

>>> asked = read_prompt("[1] It is red.\\n[2] It is old.\\nQuestion: Which colour is it?")
>>> asked.question, asked.passages
('Which colour is it?', ('It is red.', 'It is old.'))
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

QUESTION_CHARS_MAX = 2_000

_QUESTION_LABEL = re.compile(r"\s*[*_]{0,2}(?:question|query|q)[*_]{0,2} ?:[*_]{0,2}(.*)", re.I)
_ANSWER_LABEL = re.compile(r"\s*[*_]{0,2}(?:answer|response|reply|a)[*_]{0,2} ?:[*_]{0,2}\s*", re.I)
_PASSAGE_LABEL = re.compile(
    r"\s*[*_]{0,2}(?:[a-z]{1,12} )?(?:contexts?|passages?|documents?|sources?|texts?|excerpts?|"
    r"articles?|notes|answer|draft)[*_]{0,2} ?:[*_]{0,2}(.*)",
    re.I,
)
_NUMBERED = re.compile(r"\s{0,3}\[(\d{1,6})\](?:\s|$)")
_INSTRUCTION = re.compile(
    r"(?:please|answer|reply|respond|you are|your task|say so|do not answer|"
    r"give (?:a|an|the|only|your)\b[^.]{0,40}\b(?:answer|reply|response)|"
    r"(?:read|use|using|given|based on|according to|from|with) (?:only )?(?:the|these|this)"
    r"[^.:]{0,40}(?:passage|context|document|source|text|excerpt|information|below))",
    re.I,
)
_SUMMARY = re.compile(r"(?:please )?(?:summari[sz]e|sum up)\b", re.I)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, empty where there is none, and the passages in the order of the prompt.

    `summary`: what is wanted is no answer, but the gist of the passages.
    """

    question: str
    passages: tuple[str, ...]
    summary: bool = False


def read_prompt(prompt: str) -> Asked:
    """Find the question and the passages in `prompt`, or that it asks for a summary."""
    lines = prompt.splitlines()
    parts = _to_summarise(lines)
    question, before, after = _divide(lines) if parts is None else ("", parts, [])
    blocks = _numbered(before) or _numbered(after) or [*_unnumbered(before), *_unnumbered(after)]
    passages = ("\n".join(block).strip() for block in blocks)
    question = question.strip()[:QUESTION_CHARS_MAX]
    return Asked(question, tuple(text for text in passages if text), summary=parts is not None)


def numbered(text: str) -> tuple[str, ...]:
    """Return the passages `[1] …`, `[2] …` of a text that asks nothing.

    >>> numbered("These may help:\\n[1] It is red.\\n[2] It is old.")
    ('It is red.', 'It is old.')
    """
    return tuple("\n".join(block).strip() for block in _numbered(text.splitlines()))


def _divide(lines: list[str]) -> tuple[str, list[str], list[str]]:
    """Return the question, and the lines before and after it."""
    for at in range(len(lines) - 1, -1, -1):
        if label := _QUESTION_LABEL.fullmatch(lines[at]):
            question, stop = _asked_at(lines, at, label[1])
            return question, lines[:at], lines[stop:]
    for at in range(len(lines) - 1, -1, -1):
        head, mark, tail = lines[at].rpartition("?")
        if mark:
            start = 1 + max(head.rfind(sign) for sign in ".!?")
            return head[start:] + mark, [*lines[:at], head[:start]], [tail, *lines[at + 1 :]]
    return "", lines, []


def _to_summarise(lines: list[str]) -> list[str] | None:
    """Return what stands before a last paragraph that asks for a summary, if one does."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    start = end
    while start and lines[start - 1].strip():
        start -= 1
    if start == end or not _SUMMARY.match(lines[start].strip()):
        return None
    return None if any(map(_QUESTION_LABEL.fullmatch, lines)) else lines[:start]


def _asked_at(lines: list[str], at: int, said: str) -> tuple[str, int]:
    """Return the question of the label at `at`, if need be from the next line with text."""
    stop = at + 1
    while not said.strip() and stop < len(lines):
        said = lines[stop]
        stop += 1
    return said, stop


def _numbered(lines: Sequence[str]) -> list[list[str]]:
    """Return the blocks `[1] …`, `[2] …`; a number out of turn is text."""
    blocks: list[list[str]] = []
    for line in lines:
        number = _NUMBERED.match(line)
        if number and int(number[1]) == len(blocks) + 1:
            blocks.append([line[number.end() :]])
        elif blocks:
            blocks[-1].append("" if _ANSWER_LABEL.fullmatch(line) else line)
    return blocks


def _unnumbered(lines: Sequence[str]) -> list[list[str]]:
    """Return the text without labels and without an instruction that opens or closes it.

    A label, such as `Passage:`, begins a new passage.
    """
    blocks: list[list[list[str]]] = [[[]]]
    for line in lines:
        label = _PASSAGE_LABEL.fullmatch(line)
        if _ANSWER_LABEL.fullmatch(line) or not line.strip():
            blocks[-1].append([])
        elif label:
            blocks.append([[label[1]]])
        else:
            blocks[-1][-1].append(line)
    paragraphs = [[lines for lines in block if lines] for block in blocks]
    if paragraphs[-1] and _INSTRUCTION.match(paragraphs[-1][-1][-1].strip()):
        paragraphs[-1][-1].pop()  # it may follow a passage without a line between
    return [
        [line for lines in _uninstructed(block) for line in (*lines, "")] for block in paragraphs
    ]


def _uninstructed(paragraphs: list[list[str]]) -> list[list[str]]:
    kept = list(paragraphs)
    for at in (0, -1):
        if kept and _INSTRUCTION.match(" ".join(kept[at]).strip()):
            del kept[at]
    return kept
