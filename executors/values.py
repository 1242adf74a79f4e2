"""What runs have produced so far, by reference: in memory while there is room, else on disk.

Files hold JSON or raw arrays and are read back as nothing else.
"""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from executors.errors import ValueTooLarge


@dataclass(frozen=True, slots=True)
class Ref:
    """Names one value: which run, and what gave it."""

    run: str
    key: Hashable


@dataclass(slots=True)
class Values:
    """Holds each value until its run is dropped.

    `memory_bytes_max` bounds what is kept in memory: beyond it the values longest unread go to
    `folder`. `value_bytes_max` bounds one value.
    """

    folder: Path
    memory_bytes_max: int
    value_bytes_max: int
    held: "OrderedDict[Ref, tuple[Any, int]]" = field(default_factory=OrderedDict)
    spilled: dict[Ref, Path] = field(default_factory=dict)
    by_run: dict[str, set[Ref]] = field(default_factory=dict)
    memory_bytes: int = 0

    def put(self, ref: Ref, value: Any) -> None:
        """Keep `value`. Raise `ValueTooLarge`; then nothing is kept."""
        size = self.weigh(value)
        self.by_run.setdefault(ref.run, set()).add(ref)
        self._hold(ref, value, size)

    def weigh(self, *values: Any) -> int:
        """Return what `values` weigh together. Raise `ValueTooLarge` if that is too much for one.

        A part that stands in many places weighs in each; weighing ends where the limit is passed.
        """
        size = weigh(values, self.value_bytes_max)
        if size > self.value_bytes_max:
            raise ValueTooLarge("value_bytes_max", size, self.value_bytes_max)
        return size

    def get(self, ref: Ref) -> Any:
        """Return the value of `ref`, wherever it is. Raise `KeyError` if it was never put."""
        if ref in self.held:
            self.held.move_to_end(ref)
            return self.held[ref][0]
        path = self.spilled.pop(ref)
        value = _load(path.read_bytes())
        path.unlink()
        self._hold(ref, value, weigh(value))
        return value

    def drop(self, run: str) -> None:
        """Forget everything of `run`, on disk too."""
        for ref in self.by_run.pop(run, set()):
            if ref in self.held:
                self.memory_bytes -= self.held.pop(ref)[1]
            elif ref in self.spilled:
                self.spilled.pop(ref).unlink()

    def _hold(self, ref: Ref, value: Any, size: int) -> None:
        if ref in self.held:
            self.memory_bytes -= self.held.pop(ref)[1]
        self.held[ref] = (value, size)
        self.memory_bytes += size
        while self.memory_bytes > self.memory_bytes_max and len(self.held) > 1:
            self._spill(*self.held.popitem(last=False))

    def _spill(self, ref: Ref, entry: tuple[Any, int]) -> None:
        value, size = entry
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / sha256(repr(ref).encode()).hexdigest()
        path.write_bytes(_dump(value))
        self.spilled[ref] = path
        self.memory_bytes -= size


def weigh(value: Any, most: float = inf) -> int:
    """Return about how many bytes `value` takes: its text, its numbers, its arrays.

    What is more than `most` is not weighed to its end.
    """
    size = 0
    left = [value]
    while left and size <= most:
        match left.pop():
            case str(text):
                size += len(text) + 50
            case np.ndarray() as array:
                size += int(array.nbytes) + 100
            case list() | tuple() as items:
                size += 60
                left += items
            case Mapping() as fields:
                size += 100 + sum(len(key) + 50 for key in fields)
                left += fields.values()
            case _:
                size += 30
    return size


def _dump(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        buffer = BytesIO()
        np.save(buffer, value, allow_pickle=False)
        return buffer.getvalue()
    return orjson.dumps(value)


def _load(data: bytes) -> Any:
    if data.startswith(b"\x93NUMPY"):
        return np.load(BytesIO(data), allow_pickle=False)
    return orjson.loads(data)
