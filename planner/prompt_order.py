"""Where a prompt has something late before much that is early.

Engines keep the beginnings of prompts and read only what follows the first difference. So what is
the same in all calls belongs first, then what the run is given, then what steps give, and last what
each element of a list, or each call of a module, has of its own.
"""

from collections.abc import Collection, Iterator

from planner.elements import ELEMENT_NAMES
from spec.values import Name, Slot, Text, Value, leaves

#: Characters of a token, about, in English.
TOKEN_CHARS = 4
#: Less than this is not worth a word: about four blocks of a cache.
EARLY_CHARS_MIN = 256
#: What a step or a document is taken to be long, where it stands in a text.
_STEP_CHARS = 1_024

_ALWAYS, _INPUT, _STEP, _ELEMENT = range(4)


def late_before_early(value: Value, own: Collection[str] = ()) -> tuple[str, int] | None:
    """Return the first late part of a prompt, and how many characters behind it come earlier.

    `own` are names that differ from call to call. None where that is not much.

    >>> from spec.values import Member
    >>> late = Slot(Member(Name("inputs"), "question"))
    >>> late_before_early(Text((late, "x" * 400)))
    ('{{ inputs.question }}', 400)
    >>> late_before_early(Text(("x" * 400, late)))
    """
    if not isinstance(value, Text):
        return None
    ranked = [(part, _rank(part, own)) for part in value.segments]
    for at, (part, rank) in enumerate(ranked):
        if isinstance(part, Slot) and rank > _ALWAYS:
            behind = sum(_chars(*each) for each in ranked[at + 1 :] if each[1] < rank)
            if behind >= EARLY_CHARS_MIN:
                return _shown(part), behind
    return None


def _rank(part: str | Slot, own: Collection[str]) -> int:
    """Return how late a part is known, and so how seldom it is the same in two calls."""
    if isinstance(part, str):
        return _ALWAYS
    names = {leaf.id for leaf in leaves(part.value) if isinstance(leaf, Name)}
    if not names:
        return _ALWAYS
    if names & (ELEMENT_NAMES | set(own)):
        return _ELEMENT
    return _INPUT if names == {"inputs"} else _STEP


def _chars(part: str | Slot, rank: int) -> int:
    """Return how long a part is, or is taken to be; inputs may be short."""
    if isinstance(part, str):
        return len(part)
    return _STEP_CHARS if rank == _STEP else 0


def _shown(part: Slot) -> str:
    return f"{{{{ {'.'.join(_path(part.value))} }}}}"


def _path(value: Value) -> Iterator[str]:
    of, key = getattr(value, "of", None), getattr(value, "key", None)
    if of is not None:
        yield from _path(of)
        yield str(key) if isinstance(key, str | int) else "…"
    else:
        yield value.id if isinstance(value, Name) else "…"
