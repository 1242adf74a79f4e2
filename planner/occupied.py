"""When the engines of a pool have work in a run that is alone, as far as that is known."""

from bisect import bisect_left
from dataclasses import dataclass, field


@dataclass(slots=True)
class Occupied:
    """Stretches of time, in ms, during which there is work. Stretches that meet become one.

    >>> busy = Occupied()
    >>> busy.add(0.0, 10.0), busy.add(30.0, 40.0), busy.add(5.0, 15.0)
    (None, None, None)
    >>> busy.stretches, busy.share(10.0, 35.0), busy.share(50.0, 60.0)
    ([(0.0, 15.0), (30.0, 40.0)], 0.4, 0.0)
    """

    stretches: list[tuple[float, float]] = field(default_factory=list)

    def add(self, begin: float, end: float) -> None:
        """Note that there is work from `begin` to `end`."""
        first = last = self._first_that_ends_at(begin)
        while last < len(self.stretches) and self.stretches[last][0] <= end:
            begin, end = min(begin, self.stretches[last][0]), max(end, self.stretches[last][1])
            last += 1
        self.stretches[first:last] = [(begin, end)]

    def share(self, begin: float, end: float) -> float:
        """Return for which part of the time from `begin` to `end` there is work."""
        if end <= begin:
            return 0.0
        found = 0.0
        for at in range(self._first_that_ends_at(begin), len(self.stretches)):
            start, stop = self.stretches[at]
            if start >= end:
                break
            found += min(stop, end) - max(start, begin)
        return found / (end - begin)

    def _first_that_ends_at(self, time: float) -> int:
        """Return the number of the first stretch that ends at `time` or later."""
        return bisect_left(self.stretches, time, key=lambda stretch: stretch[1])
