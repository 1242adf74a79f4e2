"""Chance that is none: numbers and words drawn from the hash of what they are drawn for."""

import json
from hashlib import sha256

from spec.values import JSON


def digest(*data: JSON) -> str:
    """Return the hash of `data`, in which the order of keys counts."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode()).hexdigest()


class Dice:
    """An endless row of numbers that only depends on `seed`."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.drawn = 0

    def below(self, count: int) -> int:
        """Return the next number, from 0 to `count` - 1."""
        return int(self._next()[:12], 16) % count

    def between(self, least: int, most: int) -> int:
        """Return the next number, from `least` to `most`."""
        return least + self.below(most - least + 1)

    def word(self) -> str:
        """Return six letters and digits."""
        return self._next()[:6]

    def words(self, count: int) -> str:
        """Return `count` words with spaces between."""
        return " ".join(self.word() for _ in range(count))

    def _next(self) -> str:
        self.drawn += 1
        return sha256(f"{self.seed} {self.drawn}".encode()).hexdigest()
