"""What to measure: sizes spread so that each figure shows, and others kept back to check it. Pure.

A trial that is held out lies between those that are used, never beyond them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Part = Literal["prefill", "decode", "batch"]

#: Tokens that a sequence says in a trial of decoding, and at most, where those were too few for all
#: to speak at the same time.
SAID, SAID_MAX = 48, 384
#: Sequences of a trial at most; beyond it the cost of one more is known.
SEQUENCES_MAX = 32
#: Tokens of all prompts of a trial together, in prompts of the longest: what has to be read first.
PROMPTS_MAX = 4
#: Shorter prompts are hardly ever sent, and hold no passage that an engine could read.
SHORTEST = 64
#: The longest prompt that is asked for: with a shorter one three figures cannot be told apart.
LONGEST_MIN = 256


@dataclass(frozen=True, slots=True)
class Trial:
    """Something to measure: `count` sequences, or rows of a batch, of about `tokens` each."""

    part: Part
    count: int
    tokens: int
    held_out: bool = False

    def __str__(self) -> str:
        if self.part == "prefill":
            return f"prefill {self.tokens} tokens"
        what = "sequence" if self.part == "decode" else "row"
        many = "" if self.count == 1 else "s"
        return f"{self.part} {self.count} {what}{many} of {self.tokens} tokens"


def language_trials(longest: int, slots: int) -> tuple[Trial, ...]:
    """Return the trials of a language model: prompts up to `longest` tokens, up to `slots` calls.

    >>> [each.tokens for each in language_trials(512, 1) if each.part == "prefill"]
    [64, 96, 128, 192, 256, 384, 512]
    >>> print(language_trials(1024, 8)[-1])
    decode 2 sequences of 512 tokens
    """
    return (*_prefills(longest), *_decodes(longest, min(slots, SEQUENCES_MAX)))


def batch_trials(rows_max: int, row_tokens: int) -> tuple[Trial, ...]:
    """Return the trials of an engine of batches: up to `rows_max` rows, each of `row_tokens`.

    >>> [(each.count, each.held_out) for each in batch_trials(8, 128)]
    [(1, False), (2, False), (3, True), (4, False), (6, True), (8, False)]
    """
    return tuple(
        Trial("batch", rows, row_tokens, is_between) for rows, is_between in _spread(1, rows_max)
    )


def _spread(first: int, last: int) -> Iterator[tuple[int, bool]]:
    """Yield sizes from `first`, doubled up to `last`, and, marked so, those halfway between."""
    size = first
    while size < last:
        yield size, False
        between = size + size // 2
        if size < between < min(2 * size, last):
            yield between, True
        size *= 2
    yield last, False


def _prefills(longest: int) -> Iterator[Trial]:
    for tokens, is_between in _spread(SHORTEST, longest):
        yield Trial("prefill", 1, tokens, is_between)


def _decodes(longest: int, slots: int) -> Iterator[Trial]:
    short, middle = max(SHORTEST, longest // 32), max(SHORTEST, longest // 4)
    used = [(count, short) for count, is_between in _spread(1, slots) if not is_between]
    used += [(count, middle) for count in (1, 4, 16)] + [(count, longest) for count in (1, 2, 4)]
    kept = [(count, max(SHORTEST, longest // 8)) for count in (1, 3, 6, 12, 24)]
    kept += [(2, max(SHORTEST, longest // 2))]
    yield from _decoding(used, longest, slots, held_out=False)
    yield from _decoding(kept, longest, slots, held_out=True)


def _decoding(
    sizes: Sequence[tuple[int, int]], longest: int, slots: int, *, held_out: bool
) -> Iterator[Trial]:
    for count, tokens in sizes:
        if count <= slots and count * tokens <= PROMPTS_MAX * longest:
            yield Trial("decode", count, tokens, held_out)
