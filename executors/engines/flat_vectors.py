"""The vectors of one collection in memory, searched exactly.

A cache: it is caught up from the stored vectors when a search needs a newer version than it has
seen, and may be dropped at any time. It is handed the `faiss` it works with, and knows no requests.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from executors.collection import Place, Vectors
from executors.collections import Collections
from executors.engines.roll import Roll
from executors.engines.shared_lock import SharedLock
from executors.fusion import SCORE_DECIMALS

# So many more than asked are fetched at first: enough, nearly always, to see past the last tie.
MARGIN = 16

Hit = tuple[int, float]
Rows = NDArray[np.int64]


class Flat:
    """The vectors of one collection, removed ones included, as far as they were asked for."""

    def __init__(self, faiss: Any) -> None:
        self._faiss = faiss
        self._lock = SharedLock()
        self._roll = Roll()
        self._index: Any = None
        self._length_max = 0.0
        self.bytes = 0

    def catch_up(self, collections: Collections, place: Place, version: int) -> None:
        """Take in what happened up to `version` at least."""
        with self._lock.reading():
            if self._roll.version >= version:
                return
        with self._lock.writing():
            if self._roll.version >= version:
                return
            changes, anew = self._roll.read(collections, place, "vector")
            if anew:
                self._index, self._length_max, self.bytes = None, 0.0, 0
            if len(changes.rows):
                self._append(changes.rows, changes.vectors)

    def _append(self, rows: Rows, vectors: Vectors) -> None:
        if self._index is None:
            self._index = self._faiss.IndexIDMap2(self._faiss.IndexFlatIP(vectors.shape[1]))
        self._index.add_with_ids(vectors, rows)
        longest = float(np.linalg.norm(vectors.astype(np.float64), axis=1).max())
        self._length_max = max(self._length_max, longest)
        self.bytes += vectors.nbytes

    def search(
        self,
        place: Place,
        version: int,
        queries: Vectors,
        asked: Sequence[int],
        allowed: Rows | None,
    ) -> list[list[Hit]]:
        """Return for each query its best rows at `version`, by score, then document id.

        Only `allowed` rows of that version are looked at, all where that is None.
        """
        with self._lock.reading():
            self._roll.check(place, version)
            seen, hidden = self._roll.seen(version), self._roll.hidden(version)
            count = seen - len(hidden) if allowed is None else len(allowed)
            if not count or not len(queries):
                return [[] for _ in queries]
            parameters = self._parameters(seen, hidden, allowed)
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

    def _parameters(self, seen: int, hidden: list[int], allowed: Rows | None) -> Any:
        if allowed is not None:
            return self._faiss.SearchParameters(sel=self._faiss.IDSelectorBatch(allowed))
        rows = self._roll.rows
        if seen == len(rows) and not hidden:
            return None
        chosen = self._faiss.IDSelectorRange(0, int(rows[seen - 1]) + 1)
        if hidden:
            gone = self._faiss.IDSelectorBatch(np.array(hidden, dtype=np.int64))
            chosen = self._faiss.IDSelectorAnd(chosen, self._faiss.IDSelectorNot(gone))
        return self._faiss.SearchParameters(sel=chosen)

    def _best(
        self,
        query: Vectors,
        rows: Rows,
        scores: Vectors,
        top_k: int,
        count: int,
    ) -> list[Hit] | None:
        """Return the `top_k` best, or None while a row not among `rows` could be one of them."""
        exact = query.astype(np.float64)
        at = np.searchsorted(self._roll.rows, rows)
        ids = self._roll.ids
        stored = self._index.reconstruct_batch(rows).astype(np.float64)
        # Summed row by row, so that a score never depends on what else was asked.
        precise = np.round((stored * exact).sum(axis=1), SCORE_DECIMALS) + 0.0
        order = sorted(range(len(rows)), key=lambda one: (-precise[one], ids[at[one]]))
        if len(rows) < count:
            # FAISS adds in single precision: what it left out may be better by so much.
            slack = len(exact) * 2.0**-23 * float(np.linalg.norm(exact)) * self._length_max
            left_out = np.round(float(scores[-1]) + slack, SCORE_DECIMALS)
            if len(order) < top_k or left_out >= precise[order[top_k - 1]]:
                return None
        return [(int(rows[one]), float(precise[one])) for one in order[:top_k]]
