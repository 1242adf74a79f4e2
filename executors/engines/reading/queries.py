"""Search queries out of a question, by leaving words out of it: nothing is added.

>>> queries("When does the old mill open?", 4)
['When does the old mill open', 'old mill open', 'mill open', 'old open']
"""

import re
from collections.abc import Iterator
from itertools import pairwise

_WORD = re.compile(r"[^\W_]+(?:[-'\u2019.][^\W_]+)*")
_FUNCTION_WORDS = """
a about an and any are as at be been but by can could did do does for from had has have how i if
in is it its me my of on one or our should so some tell that the their them then there these they
this to us was we were what when where which who whom whose why will with would you your
"""
_STOP = frozenset(_FUNCTION_WORDS.split())
#: What opens a prompt that wants a list; what follows its colon is what the list is about.
_INSTRUCTION = re.compile(
    r"\s*(?:please\s+)?(?:write|give|list|generate|suggest|make|find|produce|name|propose|create|"
    r"think of|come up with|rewrite|expand|split|break)\b[^:\n]*:\s+",
    re.IGNORECASE,
)


def topic(question: str, prompt: str) -> str:
    """Return what a prompt is about: its question, or what its last line with text says."""
    lines = [line for line in prompt.splitlines() if line.strip()]
    said = question or (lines[-1] if lines else "")
    return _INSTRUCTION.sub("", said, count=1).strip()


def queries(question: str, count: int) -> list[str]:
    """Return `count` different queries for `question`, fewer if it has too few words."""
    found: dict[str, str] = {}
    for query in _candidates(question):
        found.setdefault(query.casefold(), query)
        if len(found) == count:
            break
    return list(found.values())


def _candidates(question: str) -> Iterator[str]:
    whole = " ".join(question.split()).rstrip("?!. ")
    if whole:
        yield whole
    words = [word for word in _WORD.findall(question) if word.casefold() not in _STOP]
    if not words:
        return
    yield " ".join(words)
    for left_out in range(len(words) if len(words) > 2 else 0):
        yield " ".join(word for at, word in enumerate(words) if at != left_out)
    for first, second in pairwise(words):
        yield f"{first} {second}"
    yield from words
