"""How a list is cut into pieces: as large as pays, and never more than may be.

A small piece lets what follows begin early, and costs the fixed part of a batch once more.
"""

from dataclasses import dataclass
from math import ceil, sqrt

from spec.records import record

#: Pieces of one list. What has more rows than fit into so many has larger ones.
PIECES_MAX = 64


@dataclass(frozen=True, slots=True)
class Pieces:
    """`count` rows in pieces of `size`, the last of which may be smaller. Nothing is one piece.

    >>> pieces = Pieces(count=7, size=3)
    >>> pieces.number, [pieces.rows(index) for index in range(pieces.number)]
    (3, [range(0, 3), range(3, 6), range(6, 7)])
    """

    count: int
    size: int

    @property
    def number(self) -> int:
        """Return how many pieces there are."""
        return max(1, ceil(self.count / self.size))

    def rows(self, index: int) -> range:
        """Return which rows piece `index` has."""
        start = index * self.size
        return range(start, min(start + self.size, self.count))


@record
class Sizing:
    """How large pieces are: `rows` at the most, where there are no more than `pieces_max` of them,
    if that is said.

    Where work in pieces goes on to other work, `ratio` is what a batch of the first costs whatever
    is in it, over what a row of the second costs: pieces of k rows take n·a/k + c·k beside what is
    taken anyhow, least for k = √(n·a/c), where the derivative is 0.

    >>> sizing = Sizing(rows=256, ratio=26 / 0.4)
    >>> sizing.of(20).number, sizing.of(666).size, sizing.of(5000).size, sizing.of(50_000).size
    (1, 209, 256, 782)
    """

    rows: int
    ratio: float | None = None
    pieces_max: int | None = PIECES_MAX

    def of(self, count: int) -> Pieces:
        """Return the pieces of `count` rows."""
        best = self.rows if self.ratio is None else ceil(sqrt(count * self.ratio))
        least = 1 if self.pieces_max is None else ceil(count / self.pieces_max)
        return Pieces(count, max(1, min(self.rows, best), least))


#: Of a list that is still said: whatever it comes to, its pieces so far stay the same. Engines do
#: together what waits together.
ONE_EACH = Sizing(rows=1, pieces_max=None)
