"""From what was heard of calls to one reading of a trial: its features and a time. Pure.

Times are seconds on any clock; a reading is in milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from executors.usage import Usage

#: Tokens that each sequence says, at least, while all others speak too: a step more or less in them
#: is no great error.
GAPS_MIN = 4


@dataclass(slots=True)
class Heard:
    """One call: when it began, when its prompt had been read, when each piece of its reply came.

    `tokens` is what its prompt has by our own estimate, for engines that do not count.
    """

    began: float
    tokens: int
    first: float = 0.0
    pieces: list[float] = field(default_factory=list)
    ended: float = 0.0
    usage: Usage = field(default_factory=Usage)

    @property
    def tokens_in(self) -> int:
        """Return the tokens of the prompt, as counted if they were."""
        return self.usage.tokens_in or self.tokens

    @property
    def piece_tokens(self) -> float:
        """Return how many tokens a piece has: servers join what comes together, or say nothing of
        a token that is half a character.
        """
        return (self.usage.tokens_out or len(self.pieces)) / len(self.pieces)


@dataclass(frozen=True, slots=True)
class Reading:
    """One time, and what it is to be explained by: the factor of each coefficient."""

    features: tuple[float, ...]
    ms: float


def prefill_reading(call: Heard) -> Reading:
    """Return the time to the first token over the tokens read, those of a cache left out."""
    tokens, cached = call.tokens_in, call.usage.tokens_cached
    features = (1.0, float(tokens - cached), float(tokens**2 - cached**2))
    return Reading(features, 1000 * (call.first - call.began))


def decode_reading(calls: Sequence[Heard]) -> Reading | None:
    """Return the time of a step in which all of `calls` speak; None if they hardly ever do so.

    Taken from the last that begins to speak to the first that ends, of each call from its own first
    to its own last piece within that.
    """
    if not all(call.pieces for call in calls):
        return None
    begin = max(call.pieces[0] for call in calls)
    end = min(call.pieces[-1] for call in calls)
    steps, held = [], 0.0
    for call in calls:
        before = sum(at < begin for at in call.pieces)
        within = [at for at in call.pieces if begin <= at <= end]
        gaps = (len(within) - 1) * call.piece_tokens
        if gaps < GAPS_MIN:
            return None
        steps.append(1000 * (within[-1] - within[0]) / gaps)
        held += call.tokens_in + (before + len(within) / 2) * call.piece_tokens
    return Reading((1.0, float(len(calls)), held), median(steps))


def batch_reading(call: Heard, rows: int) -> Reading:
    """Return the time of a batch."""
    return Reading((1.0, float(rows)), 1000 * (call.ended - call.began))


def typical(readings: Sequence[Reading]) -> Reading:
    """Return the median time of a trial's repetitions, with their mean features: those differ by
    a few tokens.
    """
    columns = zip(*(each.features for each in readings), strict=True)
    return Reading(tuple(map(fmean, columns)), median(each.ms for each in readings))
