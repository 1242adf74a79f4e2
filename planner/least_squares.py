"""Least squares over a stream of observations that forgets: `y = θ₁·x₁ + θ₂·x₂ + …`, two or three.

Recursive least squares in its information form, with exponential forgetting (Ljung, System
Identification, 1999, §11.2) and a ridge towards what one starts from. The ridge is what keeps it
from drifting where nothing is learned: while all batches are equally large, forgetting alone lets
the shares of what is fixed and what grows wander off. Errors count relative to what was predicted;
those far beyond the usual count less (Huber, 1964). No share is ever negative.

What one starts from may be wrong by far. Measured by such a start, what is observed of a share says
little beside the ridge, and what was observed while far too little was predicted counts far too
much. So a share that has grown far is counted from where it is, and what came before a large rise
is weighed by what is predicted since.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

#: What an observation counts after one more has come: about the last fifty matter.
FORGETTING = 0.98
#: How much what one starts from counts, in observations.
RIDGE = 0.003
#: Errors beyond so many of the usual count less.
USUAL_ERRORS = 2.0
#: A share that has grown by more than this is from then on counted from where it is.
GROWN = 4.0
#: A rise of what is predicted beyond which what came before is weighed anew.
RISEN = 2.0
_ERROR_MIN = 0.02
_ERROR_MEMORY = 0.9
#: How far beyond its start a share may go.
GROWTH_MAX = 10_000.0


@dataclass(slots=True)
class LeastSquares:
    """Shares that start from `start`; one that starts from zero stays there.

    >>> fit = LeastSquares((10.0, 1.0))
    >>> for rows in (1, 20, 5, 40, 10, 60) * 4:
    ...     fit.observe((1.0, rows), 20.0 + 2.0 * rows)
    >>> [round(share, 1) for share in fit.shares]
    [20.0, 2.0]
    """

    start: tuple[float, ...]
    shares: tuple[float, ...] = field(init=False)
    observed: int = 0
    _units: tuple[float, ...] = field(init=False, repr=False)  #: what growth is counted from
    _information: list[list[float]] = field(init=False, repr=False)
    _moment: list[float] = field(init=False, repr=False)
    _usual_error: float = field(default=1.0, repr=False)

    def __post_init__(self) -> None:
        self.shares = self._units = self.start
        self._information = [[0.0] * len(self.start) for _ in self.start]
        self._moment = [0.0] * len(self.start)

    def predicted(self, features: Sequence[float]) -> float:
        """Return what `features` come to by the shares as they are now."""
        return sum(share * x for share, x in zip(self.shares, features, strict=True))

    def observe(self, features: Sequence[float], value: float) -> None:
        """Learn that `features`, which are not negative, came to `value`. One of no use is left
        out: a value that is not positive, or features that say nothing.
        """
        whole = sum(each * x for each, x in zip(self.start, features, strict=True))
        scale = max(self.predicted(features), whole / GROWTH_MAX)
        if not (0.0 < value < float("inf") and scale > 0.0):
            return
        row = [each * x / scale for each, x in zip(self._units, features, strict=True)]
        target = value / scale
        self._take_in(row, target, self._weight(abs(target - self.predicted(features) / scale)))
        growth = self._solved()
        self.shares = tuple(each * by for each, by in zip(self._units, growth, strict=True))
        self._weigh_anew(growth, self.predicted(features) / scale)
        self.observed += 1

    def _weight(self, error: float) -> float:
        """Return how much an observation with this error counts; note what errors are usual."""
        usual = self._usual_error
        seen = min(error, 3.0 * usual)
        self._usual_error = max(_ERROR_MIN, _ERROR_MEMORY * usual + (1.0 - _ERROR_MEMORY) * seen)
        return min(1.0, USUAL_ERRORS * usual / error) if error > 0.0 else 1.0

    def _take_in(self, row: Sequence[float], target: float, weight: float) -> None:
        for i, one in enumerate(row):
            self._moment[i] = FORGETTING * self._moment[i] + weight * one * target
            for j, other in enumerate(row):
                kept = FORGETTING * self._information[i][j]
                self._information[i][j] = kept + weight * one * other

    def _weigh_anew(self, growth: Sequence[float], rise: float) -> None:
        """Keep to units and weights that fit what is predicted now, which has risen by `rise`."""
        by = [each if each > GROWN else 1.0 for each in growth]
        weight = rise**-2 if rise > RISEN else 1.0
        if weight == max(by) == 1.0:
            return
        self._units = tuple(unit * each for unit, each in zip(self._units, by, strict=True))
        for i, one in enumerate(by):
            self._moment[i] *= weight * one
            for j, other in enumerate(by):
                self._information[i][j] *= weight * one * other

    def _solved(self) -> list[float]:
        """Return by how much each share has grown; the most negative is zero, and again."""
        free = [i for i, each in enumerate(self.start) if each > 0.0]
        growth = [0.0] * len(self.start)
        while free:
            matrix = [
                [self._information[i][j] + RIDGE * (i == j) for j in free]
                + [self._moment[i] + RIDGE]
                for i in free
            ]
            found = dict(zip(free, solved(matrix), strict=True))
            worst = min(found, key=found.__getitem__)
            if found[worst] >= 0.0:
                for i, value in found.items():
                    growth[i] = min(value, GROWTH_MAX * self.start[i] / self._units[i])
                break
            free.remove(worst)
        return growth


def solved(rows: list[list[float]]) -> list[float]:
    """Return the solution of linear equations whose matrix is positive definite, right side last.

    >>> solved([[2.0, 0.0, 4.0], [0.0, 3.0, 9.0]])
    [2.0, 3.0]
    """
    count = len(rows)
    rows = [list(row) for row in rows]
    for at in range(count):
        for below in range(at + 1, count):
            factor = rows[below][at] / rows[at][at]
            rows[below] = [b - factor * a for a, b in zip(rows[at], rows[below], strict=True)]
    found = [0.0] * count
    for at in reversed(range(count)):
        known = sum(rows[at][after] * found[after] for after in range(at + 1, count))
        found[at] = (rows[at][count] - known) / rows[at][at]
    return found
