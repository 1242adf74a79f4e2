"""From what was heard of calls to one reading of a trial: its features and a time. Pure.

Times are seconds on any clock; a reading is in milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from executors.usage import Usage

#: Steps of a stretch that is looked at, and steps beyond which it is worth no more: one more or
#: less is no great error then.
GAPS_MIN, GAPS_ENOUGH = 4, 24


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
    """Return the time of a step in which most of `calls` speak; None if no more than half do.

    Looked at are the stretches after the last has begun, from one end of a reply to the next: in
    each of them as many speak all the time, and no prompt is read. Replies end when a model likes.
    """
    spoken = [call for call in calls if call.pieces]
    if not spoken:
        return None
    begin = max(call.pieces[0] for call in spoken)
    best, best_worth = None, 0.0
    for end in sorted({call.pieces[-1] for call in spoken if call.pieces[-1] > begin}):
        speaking = [call for call in spoken if call.pieces[-1] >= end]
        found, gaps = _steps(speaking, begin, end)
        worth = len(speaking) * min(gaps, GAPS_ENOUGH)
        if gaps >= GAPS_MIN and 2 * len(speaking) > len(calls) and worth > best_worth:
            best, best_worth = found, worth
        begin = end
    return best


def _steps(calls: Sequence[Heard], begin: float, end: float) -> tuple[Reading | None, float]:
    """Return the median time of a step while `calls` speak, and the fewest that one of them heard:
    of each from its own first to its own last piece of the stretch.
    """
    steps, held, fewest = [], 0.0, float(GAPS_ENOUGH)
    for call in calls:
        before = sum(at < begin for at in call.pieces)
        within = [at for at in call.pieces if begin <= at <= end]
        gaps = max(0, len(within) - 1) * call.piece_tokens
        fewest = min(fewest, gaps)
        if gaps:
            steps.append(1000 * (within[-1] - within[0]) / gaps)
        held += call.tokens_in + (before + len(within) / 2) * call.piece_tokens
    if not fewest:
        return None, 0.0
    return Reading((1.0, float(len(calls)), held), median(steps)), fewest


def batch_reading(call: Heard, rows: int) -> Reading:
    """Return the time of a batch."""
    return Reading((1.0, float(rows)), 1000 * (call.ended - call.began))


def typical(readings: Sequence[Reading]) -> Reading:
    """Return the median time of a trial's repetitions, with the medians of their features: those
    differ by a few tokens, or by sequences that ended early.
    """
    columns = zip(*(each.features for each in readings), strict=True)
    return Reading(tuple(map(median, columns)), median(each.ms for each in readings))
