"""Attempts of regions that may be tried again: how many are used up, and which work is of which.

An attempt fails as a whole, once, however much inside it fails: what fails later, but was begun in
an attempt that had failed already, is begun again in the one that goes on, and uses up nothing. So
work done side by side has as many attempts as the same work done in turn.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from planner.graph import RegionId
from planner.structure import Region


@dataclass(slots=True)
class Attempts:
    """Those of one run. Moments are counted by the attempts that have failed until then."""

    used: dict[RegionId, int] = field(default_factory=dict)  #: attempts that have failed
    failed_at: dict[RegionId, int] = field(default_factory=dict)  #: the moment of the last one
    moment: int = 0

    def before(self, around: Iterable[Region]) -> int:
        """Return how many attempts of the regions around some work have failed before it."""
        return sum(self.used.get(region.id, 0) for region in around) if self.used else 0

    def has_failed(self, around: Iterable[Region], since: int) -> bool:
        """Whether work that began at the moment `since` is of an attempt that has failed."""
        return any(self.failed_at.get(region.id, 0) > since for region in around)

    def is_left(self, region: Region) -> bool:
        """Whether `region` may be tried again."""
        return self.used.get(region.id, 0) < region.retry

    def fail(self, region: RegionId) -> None:
        """Use up one of `region`."""
        self.moment += 1
        self.used[region] = self.used.get(region, 0) + 1
        self.failed_at[region] = self.moment

    def renew(self, region: RegionId) -> None:
        """Give a region all its attempts back: one around it begins anew."""
        self.used.pop(region, None)

    def forget(self, region: RegionId) -> None:
        """Keep nothing of a region that is over."""
        self.used.pop(region, None)
        self.failed_at.pop(region, None)
