"""What was estimated of lone runs, beside what they took."""

from dataclasses import dataclass
from statistics import fmean

#: Runs that an estimate is held against: some conditions are met in one and not in the next.
HELD_AGAINST = 10


@dataclass(frozen=True, slots=True)
class Forecast:
    """What was `estimated` of runs, what they `took`, and what each could not beat, in ms."""

    estimated: float
    took: tuple[float, ...]
    bounds: tuple[float, ...]

    @property
    def error(self) -> float:
        """How far the estimate is off the mean, as a share of that."""
        return self.estimated / fmean(self.took) - 1
