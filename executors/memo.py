"""Results that may be used again: each for as long as its author says, while there is room.

The tenant is part of every key. A restart forgets all of them.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from executors.values import weigh


@dataclass(frozen=True, slots=True)
class Memory:
    """One result. `until` is on the clock of whoever keeps it."""

    value: Any
    until: float
    size: int


@dataclass(slots=True)
class Memo:
    """At most `bytes_max` of results; those longest unused go first.

    >>> memo = Memo(bytes_max=1_000)
    >>> memo.keep(("local", "k"), {"text": "x"}, until=10.0)
    >>> memo.recall(("local", "k"), now=9.0).value, memo.recall(("local", "k"), now=10.0)
    ({'text': 'x'}, None)
    """

    bytes_max: int
    held: "OrderedDict[tuple[str, str], Memory]" = field(default_factory=OrderedDict)
    bytes: int = 0
    hits: int = 0
    misses: int = 0

    def keep(self, key: tuple[str, str], value: Any, until: float) -> None:
        """Keep a result, unless it is too large for all the room there is."""
        size = weigh(value, self.bytes_max)
        self._let_go(key)
        if size > self.bytes_max:
            return
        while self.bytes + size > self.bytes_max:
            self._let_go(next(iter(self.held)))
        self.held[key] = Memory(value, until, size)
        self.bytes += size

    def recall(self, key: tuple[str, str], now: float) -> Memory | None:
        """Return a result that is still good."""
        found = self.held.get(key)
        if found is not None and found.until <= now:
            self._let_go(key)
            found = None
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self.held.move_to_end(key)
        return found

    def _let_go(self, key: tuple[str, str]) -> None:
        found = self.held.pop(key, None)
        self.bytes -= found.size if found else 0
