"""The words of one collection in memory, searched by BM25.

The one file that imports `bm25s`. A cache like the vectors beside it. What a word is worth depends
on all the documents of a version, so each version that is asked for is weighed by itself: a search
is told the same, whatever was added or removed since.
"""

import logging
import re
import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from executors.collection import Place
from executors.collections import Collections
from executors.engines.engine import EngineFailed
from executors.engines.flat_vectors import Hit, Rows
from executors.engines.reading.words import words
from executors.engines.roll import Roll
from executors.fusion import SCORE_DECIMALS

# As Lucene has them.
K1, B = 1.2, 0.75
#: Versions of one collection that are kept weighed.
WEIGHED_MAX = 2
# Han and kana are written without spaces, so each sign is a word.
_SIGN = re.compile("([\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])")


@dataclass(frozen=True, slots=True)
class _Weighed:
    """One version: its rows, the ids of their documents, and `bm25` with what words are worth.

    `known` counts the words that there were. `bm25` is None where no document has any.
    """

    rows: Rows
    ids: Sequence[str]
    known: int
    bm25: Any

    @property
    def bytes(self) -> int:
        held = self.bm25.scores.values() if self.bm25 else ()
        return int(self.rows.nbytes + sum(each.nbytes for each in held if hasattr(each, "nbytes")))


class WordIndex:
    """The words of one collection, documents removed since included."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._roll = Roll()
        self._numbers: dict[str, int] = {}
        self._texts: list[array[int]] = []
        self._weighed: OrderedDict[int, _Weighed] = OrderedDict()
        self.bytes = 0

    def search(
        self,
        collections: Collections,
        place: Place,
        version: int,
        queries: Sequence[str],
        asked: Sequence[int],
        allowed: Rows | None,
    ) -> list[list[Hit]]:
        """Return for each query the best rows at `version` that share a word with it.

        By score, then document id. Only `allowed` rows are looked at, all where that is None; what
        a word is worth is told from all. Raise `StaleIndex`.
        """
        with self._lock:
            weighed = self._weigh(collections, place, version)
            numbers = [
                [found for term in terms(query) if (found := self._numbers.get(term)) is not None]
                for query in queries
            ]
        if weighed.bm25 is None:
            return [[] for _ in queries]
        open_ = None if allowed is None else np.isin(weighed.rows, allowed, assume_unique=True)
        return [
            _best(weighed, [one for one in each if one < weighed.known], top_k, open_)
            for each, top_k in zip(numbers, asked, strict=True)
        ]

    def _weigh(self, collections: Collections, place: Place, version: int) -> _Weighed:
        if self._roll.version < version:
            self._catch_up(collections, place)
        self._roll.check(place, version)
        if version not in self._weighed:
            self._weighed[version] = self._weighed_now(version)
            if len(self._weighed) > WEIGHED_MAX:
                self._weighed.popitem(last=False)
            kept = sum(each.bytes for each in self._weighed.values())
            self.bytes = kept + sum(text.itemsize * len(text) for text in self._texts)
        self._weighed.move_to_end(version)
        return self._weighed[version]

    def _catch_up(self, collections: Collections, place: Place) -> None:
        changes, anew = self._roll.read(collections, place, "doc")
        if anew:
            self._numbers, self._texts = {}, []
            self._weighed.clear()
        for doc in changes.docs:
            self._texts.append(array("i", self._numbered(doc["text"])))

    def _numbered(self, text: str) -> Iterator[int]:
        for term in terms(text):
            yield self._numbers.setdefault(term, len(self._numbers))

    def _weighed_now(self, version: int) -> _Weighed:
        places = self._roll.places(version)
        texts = [self._texts[place].tolist() for place in places]
        ids = [self._roll.ids[place] for place in places]
        bm25 = _bm25(texts, self._numbers) if any(texts) else None
        return _Weighed(self._roll.rows[places], ids, len(self._numbers), bm25)


def terms(text: str) -> list[str]:
    """Return the words of `text` as they are looked up: small letters without accents.

    >>> terms("The café: 東京 tower")
    ['the', 'cafe', '東', '京', 'tower']
    """
    return [term for word in words(text) for term in _SIGN.split(word) if term]


def _bm25(texts: list[list[int]], numbers: dict[str, int]) -> Any:
    try:
        import bm25s  # type: ignore[import-untyped]  # ships none
    except ImportError as error:
        cure = "Install the extra `embedded` (`make setup` does)."
        raise EngineFailed("engine-unavailable", f"bm25s cannot run: {error}.", cure) from error
    logging.getLogger(bm25s.__name__).setLevel(logging.WARNING)  # it would tell all it does
    bm25 = bm25s.BM25(K1, B, method="lucene", dtype="float64", backend="numpy", csc_backend="numpy")
    bm25.index((texts, dict(numbers)), create_empty_token=False, show_progress=False)
    return bm25


def _best(
    weighed: _Weighed, query: Sequence[int], top_k: int, allowed: NDArray[np.bool_] | None
) -> list[Hit]:
    exact = weighed.bm25.get_scores_from_ids(query)
    shares = exact > 0 if allowed is None else (exact > 0) & allowed
    found = np.flatnonzero(shares)
    scores = np.round(exact[found], SCORE_DECIMALS)
    if len(found) > top_k:
        least = np.partition(scores, -top_k)[-top_k]
        found, scores = found[scores >= least], scores[scores >= least]
    ids = [weighed.ids[place] for place in found.tolist()]
    order = sorted(range(len(found)), key=lambda one: (-scores[one], ids[one]))
    return [(int(weighed.rows[found[one]]), float(scores[one])) for one in order[:top_k]]
