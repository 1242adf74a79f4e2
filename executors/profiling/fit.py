"""Figures from measurements: least squares of the relative error, no figure below zero. Pure."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


class TooFew(Exception):
    """Fewer measurements than figures to be found."""


def fit(features: Sequence[Sequence[float]], measured: Sequence[float]) -> tuple[float, ...]:
    """Return the coefficient of each feature, none negative, so that the sum of squared relative
    errors is least; relative, since a plan compares short work as often as long work.

    `features` has shape (measurements, coefficients), `measured` one positive time for each. Exact:
    the least non-negative solution is the least free one of the coefficients that are not zero
    (Karush-Kuhn-Tucker; Lawson and Hanson, "Solving Least Squares Problems", 1974), and so few
    coefficients have few subsets to try. Raise `TooFew`.

    >>> [round(each, 6) for each in fit([(1, 1), (1, 2), (1, 4)], [5, 7, 11])]
    [3.0, 2.0]
    >>> fit([(1, 1), (1, 2), (1, 3)], [3, 2, 1])[1]
    0.0
    """
    rows = np.asarray(features, dtype=np.float64)
    times = np.asarray(measured, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[0] < rows.shape[1]:
        raise TooFew
    relative = rows / times[:, None]
    # Tokens squared beside a constant: columns of one size, or rounding decides.
    sizes = np.linalg.norm(relative, axis=0)
    sizes[sizes == 0.0] = 1.0
    best = min(_candidates(relative / sizes), key=lambda found: _error(relative / sizes, found))
    return tuple(float(each) for each in best / sizes)


def _candidates(relative: Matrix) -> Iterator[Matrix]:
    """Yield the least free solution of every subset of columns, where none of it is negative."""
    columns = relative.shape[1]
    yield np.zeros(columns)
    for size in range(1, columns + 1):
        for chosen in combinations(range(columns), size):
            found = np.zeros(columns)
            part = relative[:, chosen]
            found[list(chosen)] = np.linalg.lstsq(part, np.ones(len(part)), rcond=None)[0]
            if (found >= 0.0).all():
                yield found


def _error(relative: Matrix, found: Matrix) -> float:
    return float(np.sum((relative @ found - 1.0) ** 2))
