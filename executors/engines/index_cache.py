"""Indexes of collections in memory, bounded by count and bytes."""

import threading
from collections import OrderedDict
from typing import Any

from executors.engines.flat_vectors import Flat
from executors.engines.word_index import WordIndex


class Indexed:
    """One collection: its vectors and its words, each filled when it is first asked for."""

    def __init__(self, faiss: Any) -> None:
        self.vectors = Flat(faiss)
        self.words = WordIndex()

    @property
    def bytes(self) -> int:
        """Return about how much memory both hold."""
        return self.vectors.bytes + self.words.bytes


class IndexCache:
    """Indexes by generation; the least recently used go first."""

    def __init__(self, indexes_max: int, bytes_max: int) -> None:
        self.faiss: Any = None
        self._indexes_max = indexes_max
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Indexed] = OrderedDict()

    def get(self, generation: str) -> Indexed:
        """Return the index of a generation, empty if it was not there."""
        with self._lock:
            indexed = self._kept.setdefault(generation, Indexed(self.faiss))
            self._kept.move_to_end(generation)
            return indexed

    def trim(self) -> None:
        """Let go of what is beyond the limits, except the one used last."""
        with self._lock:
            held = sum(indexed.bytes for indexed in self._kept.values())
            while len(self._kept) > 1 and (
                len(self._kept) > self._indexes_max or held > self._bytes_max
            ):
                _, indexed = self._kept.popitem(last=False)
                held -= indexed.bytes

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._kept.clear()
