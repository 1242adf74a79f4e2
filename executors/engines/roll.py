"""Which rows of a collection each of its versions has, told from what is stored.

Whoever searches keeps one beside an index, and both are caught up together. It takes no lock.
"""

import numpy as np
from numpy.typing import NDArray

from executors.collection import Changes, Part, Place, stale
from executors.collections import Collections


class Roll:
    """The rows of one collection, removed ones included, as of `version`. They rise, with `ids`."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.version, self._oldest = 0, 0
        self.rows = np.zeros(0, dtype=np.int64)
        self.ids: list[str] = []
        self._added = np.zeros(0, dtype=np.int64)
        self._removed: dict[int, int] = {}

    def read(self, collections: Collections, place: Place, part: Part) -> tuple[Changes, bool]:
        """Take in what happened since, with a part of each row; say whether it starts anew.

        What was removed may have been forgotten where it is stored: then only a new start tells.
        """
        changes = collections.changes(place, self.version, part)
        anew = changes.place.oldest > self.version > 0
        if anew:
            self._clear()
            changes = collections.changes(place, 0, part)
        if self.version == 0:
            self._oldest = changes.place.oldest
        self.rows = np.concatenate([self.rows, changes.rows])
        self.ids += changes.ids
        self._added = np.concatenate([self._added, changes.added])
        self._removed.update(changes.removed)
        self.version = changes.place.version
        return changes, anew

    def check(self, place: Place, version: int) -> None:
        """Raise `StaleIndex` for a version that can no longer be told."""
        if version < self._oldest:
            raise stale(place.name, version)

    def seen(self, version: int) -> int:
        """Count the first rows: those that had been added at `version`."""
        return int(np.searchsorted(self._added, version, side="right"))

    def hidden(self, version: int) -> list[int]:
        """Return those of the first rows that `version` has no more."""
        seen = self.seen(version)
        return [
            row
            for row, removed in self._removed.items()
            if removed <= version and seen and row <= self.rows[seen - 1]
        ]

    def places(self, version: int) -> NDArray[np.int64]:
        """Return where in `rows` those of `version` stand."""
        hidden = np.array(self.hidden(version), dtype=np.int64)
        first = self.rows[: self.seen(version)]
        return np.flatnonzero(~np.isin(first, hidden))
