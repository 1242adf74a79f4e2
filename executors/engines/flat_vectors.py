"""The vectors of collections in memory, searched exactly.

A cache: each index is caught up from the stored vectors when a search needs a newer version than
it has seen, and may be dropped at any time. It is handed the `faiss` it works with, and knows no
requests.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from executors.collection import Place, Vectors, stale
from executors.collections import Collections
from executors.engines.shared_lock import SharedLock

SCORE_DECIMALS = 5
# So many more than asked are fetched at first: enough, nearly always, to see past the last tie.
MARGIN = 16

Hit = tuple[int, float]


class Flat:
    """The vectors of one collection, removed ones included, as of `version`."""

    def __init__(self, faiss: Any) -> None:
        self._faiss = faiss
        self._lock = SharedLock()
        self._clear()

    def _clear(self) -> None:
        self._version, self._oldest = 0, 0
        self._index: Any = None
        self._rows = np.zeros(0, dtype=np.int64)
        self._added = np.zeros(0, dtype=np.int64)
        self._ids: list[str] = []
        self._removed: dict[int, int] = {}
        self._length_max = 0.0
        self.bytes = 0

    def catch_up(self, collections: Collections, place: Place, version: int) -> None:
        """Take in what happened up to `version` at least."""
        with self._lock.reading():
            if self._version >= version:
                return
        with self._lock.writing():
            if self._version >= version:
                return
            changes = collections.changes(place, self._version)
            if changes.place.oldest > self._version > 0:
                # What was removed since may have been forgotten there: only a new start tells.
                self._clear()
                changes = collections.changes(place, 0)
            if self._version == 0:
                self._oldest = changes.place.oldest
            if len(changes.rows):
                self._append(changes.rows, changes.vectors)
                self._added = np.concatenate([self._added, changes.added])
                self._ids += changes.ids
            self._removed.update(changes.removed)
            self._version = changes.place.version

    def _append(self, rows: NDArray[np.int64], vectors: Vectors) -> None:
        if self._index is None:
            self._index = self._faiss.IndexIDMap2(self._faiss.IndexFlatIP(vectors.shape[1]))
        self._index.add_with_ids(vectors, rows)
        self._rows = np.concatenate([self._rows, rows])
        longest = float(np.linalg.norm(vectors.astype(np.float64), axis=1).max())
        self._length_max = max(self._length_max, longest)
        self.bytes += vectors.nbytes

    def search(
        self, place: Place, version: int, queries: Vectors, asked: Sequence[int]
    ) -> list[list[Hit]]:
        """Return for each query its best rows at `version`, by score, then document id."""
        with self._lock.reading():
            if version < self._oldest:
                raise stale(place.name, version)
            seen = int(np.searchsorted(self._added, version, side="right"))
            hidden = [
                row
                for row, removed in self._removed.items()
                if removed <= version and seen and row <= self._rows[seen - 1]
            ]
            count = seen - len(hidden)
            if not count or not len(queries):
                return [[] for _ in queries]
            parameters = self._parameters(seen, hidden)
            reach = min(count, max(asked) + MARGIN)
            nearest = self._index.search(queries, reach, params=parameters)
            hits = []
            for query, top_k, scores, rows in zip(queries, asked, *nearest, strict=True):
                best = self._best(query, rows, scores, top_k, count)
                while best is None:
                    wider = min(count, 2 * len(rows))
                    (scores,), (rows,) = self._index.search(query[None], wider, params=parameters)
                    best = self._best(query, rows, scores, top_k, count)
                hits.append(best)
            return hits

    def _parameters(self, seen: int, hidden: list[int]) -> Any:
        if seen == len(self._rows) and not hidden:
            return None
        chosen = self._faiss.IDSelectorRange(0, int(self._rows[seen - 1]) + 1)
        if hidden:
            gone = self._faiss.IDSelectorBatch(np.array(hidden, dtype=np.int64))
            chosen = self._faiss.IDSelectorAnd(chosen, self._faiss.IDSelectorNot(gone))
        return self._faiss.SearchParameters(sel=chosen)

    def _best(
        self,
        query: Vectors,
        rows: NDArray[np.int64],
        scores: Vectors,
        top_k: int,
        count: int,
    ) -> list[Hit] | None:
        """Return the `top_k` best, or None while a row not among `rows` could be one of them."""
        exact = query.astype(np.float64)
        at = np.searchsorted(self._rows, rows)
        stored = self._index.reconstruct_batch(rows).astype(np.float64)
        # Summed row by row, so that a score never depends on what else was asked.
        precise = np.round((stored * exact).sum(axis=1), SCORE_DECIMALS) + 0.0
        order = sorted(range(len(rows)), key=lambda one: (-precise[one], self._ids[at[one]]))
        if len(rows) < count:
            # FAISS adds in single precision: what it left out may be better by so much.
            slack = len(exact) * 2.0**-23 * float(np.linalg.norm(exact)) * self._length_max
            left_out = np.round(float(scores[-1]) + slack, SCORE_DECIMALS)
            if len(order) < top_k or left_out >= precise[order[top_k - 1]]:
                return None
        return [(int(rows[one]), float(precise[one])) for one in order[:top_k]]


class FlatCache:
    """Indexes by generation; the least recently used go first."""

    def __init__(self, indexes_max: int, bytes_max: int) -> None:
        self.faiss: Any = None
        self._indexes_max = indexes_max
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Flat] = OrderedDict()

    def get(self, generation: str) -> Flat:
        """Return the index of a generation, empty if it was not there."""
        with self._lock:
            flat = self._kept.setdefault(generation, Flat(self.faiss))
            self._kept.move_to_end(generation)
            return flat

    def trim(self) -> None:
        """Let go of what is beyond the limits, except the one used last."""
        with self._lock:
            held = sum(flat.bytes for flat in self._kept.values())
            while len(self._kept) > 1 and (
                len(self._kept) > self._indexes_max or held > self._bytes_max
            ):
                _, flat = self._kept.popitem(last=False)
                held -= flat.bytes

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._kept.clear()
