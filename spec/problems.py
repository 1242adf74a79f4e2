"""Problems on an author's page: a code, a place, a sentence, a cure; and how they are shown.

What is echoed back is cut short and cleaned of anything a terminal would act on.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice
from unicodedata import combining, east_asian_width

from spec.codes import CODES, Code
from spec.limits import ECHO_CHARS_MAX, NAMES_COMPARED_MAX, PROBLEMS_MAX
from spec.source import Page, Pointer, Position, pointer_text
from spec.values import JSON

_LINE_CHARS_MAX = 100
_NAMES_SHOWN_MAX = 12
_COMPARED_MAX = 6_000  # characters of one name times those of each that it is compared with
_NEAR = 0.65  # of 1; `query` and `retry` have 0.6, and nobody means one by the other


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong, at the first character of the smallest wrong thing.

    `line_text` is the author's line, or the part of a long one around the place; `caret` is the
    index in it of the character meant.
    """

    code: Code
    pointer: str | None
    line: int
    column: int
    line_text: str
    caret: int
    detail: str
    hint: str | None = None

    def as_json(self) -> dict[str, JSON]:
        """Return the form that is sent in an answer."""
        return {
            "code": self.code,
            "pointer": self.pointer,
            "line": self.line,
            "column": self.column,
            "snippet": f"{self.line_text}\n{_caret_line(self)}",
            "detail": self.detail,
            "hint": self.hint,
        }


class SpecError(Exception):
    """A document that may not be used: `problems`, sorted by place, of the page called `source`.

    `more` counts the problems beyond the most that are kept. `str()` is the page for a terminal,
    which tells the cure of each code once, where nothing more exact is known.
    """

    def __init__(self, problems: Iterable[Problem], source: str) -> None:
        found = sorted(dict.fromkeys(problems), key=lambda problem: (problem.line, problem.column))
        self.problems = tuple(found[:PROBLEMS_MAX])
        self.more = len(found) - len(self.problems)
        self.source = source
        super().__init__(self.problems, source)

    def __str__(self) -> str:
        pages = []
        told = set()
        for problem in self.problems:
            untold = problem.hint is None and problem.code not in told
            pages.append(render(problem, self.source, cured=untold))
            told |= {problem.code} if untold else set()
        if self.more:
            pages.append(f"and {self.more} more")
        return "\n".join(pages)


def problem_at(
    page: Page,
    code: Code,
    pointer: Pointer | None,
    position: Position,
    detail: str,
    hint: str | None = None,
) -> Problem:
    """Make a problem that shows its line of `page`."""
    text, caret = _window(page.line(position.line), position.column - 1)
    where = None if pointer is None else pointer_text(pointer)
    return Problem(code, where, position.line, position.column, text, caret, detail, hint)


def render(problem: Problem, source: str, *, cured: bool = True) -> str:
    """Write one problem for a terminal: place, code and sentence; the line; the caret and hint.

    Where there is no hint, what cures any problem of this code follows, if it is to be `cured`.
    """
    number = str(problem.line)
    margin = " " * len(number)
    hint = f" did you mean {quoted(problem.hint)}?" if problem.hint else ""
    cure = f"\n  {margin} = {CODES[problem.code].cure}" if cured and not problem.hint else ""
    return (
        f"{source}:{problem.line}:{problem.column}: {problem.code}: {problem.detail}\n"
        f"  {number} | {problem.line_text}\n"
        f"  {margin} | {_caret_line(problem)}{hint}{cure}"
    )


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the one of `known` an author most likely meant by `name`, if any is close.

    Letters are compared as if they were all small.

    >>> nearest("retreive", ["rerank", "retrieve"]), nearest("LLM", ["llm", "text"])
    ('retrieve', 'llm')
    """
    compared = {each.lower(): each for each in sorted(islice(known, NAMES_COMPARED_MAX))}
    name = name[:ECHO_CHARS_MAX].lower()
    letters = Counter(name)
    alike = ((_letters_shared(letters, other), other) for other in compared)
    likely = sorted(((share, other) for share, other in alike if share >= _NEAR), reverse=True)
    matcher = SequenceMatcher(b=name)
    best, found, work = _NEAR, "", 0
    for share, other in likely:
        work += len(name) * len(other)
        if share < best or work > _COMPARED_MAX:
            break
        matcher.set_seq1(other)
        best, found = max((best, found), (matcher.ratio(), other))
    return compared[found] if found else None


def _letters_shared(letters: Counter[str], other: str) -> float:
    """Return how alike two names are if only their letters count: no less than they are."""
    shared = sum(min(count, other.count(letter)) for letter, count in letters.items())
    return 2 * shared / max(letters.total() + len(other), 1)


def quoted(name: str) -> str:
    """Return a name as it is shown inside a sentence."""
    return f"`{_clean(_cut(name))}`"


def listed(names: Iterable[str]) -> str:
    """Return names as they are shown inside a sentence: the first of them, if there are many.

    >>> listed(["a", "b"]), listed([])
    ('a, b', 'none')
    """
    shown = [_clean(_cut(name)) for name in islice(names, _NAMES_SHOWN_MAX + 1)]
    if len(shown) > _NAMES_SHOWN_MAX:
        shown[-1] = "…"
    return ", ".join(shown) or "none"


def echo(value: JSON) -> str:
    """Return a value as it is shown inside a sentence: JSON, cut short."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, str):
        value = value[: ECHO_CHARS_MAX + 1]
    return _clean(_cut(json.dumps(value, ensure_ascii=False)))


def _cut(text: str) -> str:
    return text if len(text) <= ECHO_CHARS_MAX else text[: ECHO_CHARS_MAX - 1] + "…"


def _clean(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _window(line: str, index: int) -> tuple[str, int]:
    index = max(0, min(index, len(line)))
    if len(line) <= _LINE_CHARS_MAX:
        return _clean(line.replace("\t", " ")), index
    first = max(0, min(index - _LINE_CHARS_MAX // 2, len(line) - _LINE_CHARS_MAX))
    end = first + _LINE_CHARS_MAX
    before, after = "…" * (first > 0), "…" * (end < len(line))
    shown = _clean(line[first:end].replace("\t", " "))
    return before + shown + after, index - first + len(before)


def _caret_line(problem: Problem) -> str:
    return " " * sum(map(_width, problem.line_text[: problem.caret])) + "^"


def _width(char: str) -> int:
    if combining(char):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1
