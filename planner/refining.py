"""Costs that learn from what batches took, and are made known only when they have moved.

What is made known is a snapshot with a number: plans that were made from one hold until the next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field
from typing import Literal, TypeAlias

from planner.costs import BatchCosts, Costs, LanguageCosts
from planner.least_squares import LeastSquares
from spec.records import record

#: How far a figure has to move before it is made known, as a share of what is known.
MOVED = 0.1
Source: TypeAlias = Literal["default", "configured", "refined"]


@record
class Profile:
    """What an operation takes, as it was last made known; `version` counts how often it was.

    `observed` are the batches, prompts and replies that it was refined by since the start.
    """

    costs: Costs
    source: Source
    version: int = 0
    observed: int = 0


@dataclass(slots=True)
class Refining:
    """The costs of one operation of one pool, from `start` on."""

    start: Costs
    source: Source
    version: int = 0
    published: Costs = field(init=False)
    _parts: tuple[LeastSquares, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.published = self.start
        match self.start:
            case LanguageCosts():
                figures = astuple(self.start)
                self._parts = (LeastSquares(figures[:3]), LeastSquares(figures[3:]))
            case BatchCosts(fixed, row):
                self._parts = (LeastSquares((fixed, row)),)

    @property
    def current(self) -> Costs:
        """The costs as they are now, known or not."""
        if isinstance(self.start, LanguageCosts):
            prefill, decode = self._parts
            return LanguageCosts(*prefill.shares, *decode.shares)
        fixed, row = self._parts[0].shares
        return BatchCosts(fixed, row, self.start.row_tokens)

    @property
    def profile(self) -> Profile:
        """What is known of it outside."""
        observed = sum(part.observed for part in self._parts)
        source = "refined" if self.version else self.source
        return Profile(self.published, source, self.version, observed)

    def batch(self, rows: float, ms: float) -> None:
        """Learn that a batch of `rows` took `ms`."""
        if isinstance(self.start, BatchCosts):
            self._learn(0, (1.0, rows), ms)

    def prompts(self, read: Sequence[tuple[float, float]], ms: float) -> None:
        """Learn that prompts were read together in `ms`: of each its tokens, and those known."""
        if isinstance(self.start, LanguageCosts):
            tokens = sum(each - cached for each, cached in read)
            squares = sum(each**2 - cached**2 for each, cached in read)
            self._learn(0, (1.0, tokens, squares), ms)

    def step(self, sequences: float, held: float, ms: float) -> None:
        """Learn that a step took `ms` in which `sequences` with `held` tokens said one each."""
        if isinstance(self.start, LanguageCosts):
            self._learn(1, (1.0, sequences, held), ms)

    def _learn(self, part: int, features: tuple[float, ...], ms: float) -> None:
        self._parts[part].observe(features, ms)
        current = self.current
        if moved(self.published, current):
            self.published = current
            self.version += 1


def moved(known: Costs, now: Costs) -> bool:
    """Whether a figure is further than a tenth from what is known.

    >>> moved(BatchCosts(10.0, 1.0), BatchCosts(10.9, 1.0))
    False
    >>> moved(BatchCosts(10.0, 1.0), BatchCosts(10.9, 0.89))
    True
    """
    pairs = zip(_figures(known), _figures(now), strict=True)
    return any(abs(after - before) > MOVED * before for before, after in pairs)


def _figures(costs: Costs) -> Iterator[float]:
    return map(costs.__getattribute__, costs.__slots__)  # `astuple` copies, and takes long
