"""An engine's future without a clock: what it will emit, and when, if nothing more comes.

Pure: time is an argument, in seconds. What comes later changes what is to come, so the future is
asked for one moment at a time. A driver never goes back in time; at a moment it calls `advance`,
then `admit` and `abandon` for all that comes, and `settle` once nothing more does. So what comes at
the same moment is taken in together, in whatever order.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from executors.engines.engine import Batch, Emission
from executors.scheduler.events import BatchId


class Moment(NamedTuple):
    """Something that an engine says, at `at`. Without an `emission` the batch has ended."""

    at: float
    batch: BatchId
    emission: Emission | None = None


class Timeline(Protocol):
    """One replica's batches. Each ends once, after all its requests are answered."""

    def admit(self, batch: Batch, now: float) -> None:
        """Take on a batch."""

    def abandon(self, batch: BatchId, now: float) -> None:
        """Let go of a batch, and of what it held, at once; it says nothing more."""

    def settle(self, now: float) -> None:
        """Begin what can begin: nothing more comes at this moment."""

    def next_at(self) -> float | None:
        """Return when something is said next, or None while nothing is under way."""

    def advance(self, now: float) -> Sequence[Moment]:
        """Return everything said until `now`, in order."""
