"""How much of a prompt that is not all known yet may be read beforehand. Pure.

A text goes on, and its last tokens may become others. So the prompt is rendered with two ends that
have nothing in common; what both begin with holds for the third, the real one, but for tokens just
before the end that only this one changes. An engine keeps whole blocks of tokens, so the last
whole block is left to those: a warm request is a hint, and a wrong block would cost more than one
that is missing.
"""

from collections.abc import Sequence
from itertools import takewhile

#: What two renderings go on with: the first joins a word, the second blanks and ends of lines.
CONTINUATIONS = ("x", "\n0")


def warm_cut(one: Sequence[int], other: Sequence[int], block: int) -> int:
    """Return how many of the first tokens of both to read: whole blocks, the last held back.

    >>> warm_cut(range(100), [*range(70), 7, 7], block=16)
    48
    >>> warm_cut(range(100), range(31), block=16)
    0
    """
    pairs = zip(one, other, strict=False)
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return max(0, common // block - 1) * block
