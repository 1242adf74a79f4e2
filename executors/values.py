"""What runs have produced so far, by reference: in memory while there is room, else on disk.

Files hold JSON or raw arrays and are read back as nothing else.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from math import inf
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import orjson

from executors.errors import StorageFailed, ValueTooLarge

#: Values by port: JSON, or arrays.
Given: TypeAlias = Mapping[str, Any]


class Ref(NamedTuple):
    """Names what one giver, a primitive or an input, has given in one run.

    A tuple, since values are looked up far more often than anything else is done.
    """

    run: str
    giver: Hashable


@dataclass(slots=True)
class Values:
    """Holds what was given, a value a port, until its run is dropped.

    `memory_bytes_max` bounds what is kept in memory: beyond it what was longest unread goes to
    `folder`. `value_bytes_max` bounds one value.
    """

    folder: Path
    memory_bytes_max: int
    value_bytes_max: int
    held: "OrderedDict[Ref, tuple[Given, int]]" = field(default_factory=OrderedDict)
    spilled: dict[Ref, Path] = field(default_factory=dict)
    by_run: dict[str, set[Ref]] = field(default_factory=dict)
    memory_bytes: int = 0

    def put(self, ref: Ref, given: Given) -> None:
        """Keep `given`. Raise `ValueTooLarge` or `StorageFailed`; then nothing is kept."""
        size = weigh(list(given.values()), self.value_bytes_max)
        if size > self.value_bytes_max:  # all together; none alone may be
            sizes = [weigh(value, self.value_bytes_max) for value in given.values()]
            self.check(max(sizes))
            size = sum(sizes)
        self._hold(ref, given, size)
        self.by_run.setdefault(ref.run, set()).add(ref)

    def share(self, ref: Ref, with_: Ref) -> None:
        """Let what `ref` has given be read of `with_` too. Raise `StorageFailed`."""
        given, size = self._fetched(ref)
        self._hold(with_, given, size)
        self.by_run[with_.run].add(with_)

    def check(self, size: int) -> None:
        """Raise `ValueTooLarge` if a value of `size` bytes may not be kept."""
        if size > self.value_bytes_max:
            raise ValueTooLarge("value_bytes_max", size, self.value_bytes_max)

    def get(self, ref: Ref, port: str) -> Any:
        """Return the value of `port`, wherever it is. Raise `StorageFailed`.

        `KeyError` if it was never put.
        """
        return self._fetched(ref)[0][port]

    def _fetched(self, ref: Ref) -> tuple[Given, int]:
        held = self.held.get(ref)
        if held is not None:
            self.held.move_to_end(ref)
            return held
        path = self.spilled[ref]
        with _translated():
            given = _load(path.read_bytes())
        held = (given, weigh(list(given.values())))
        self._hold(ref, *held)
        del self.spilled[ref]
        path.unlink(missing_ok=True)
        return held

    def discard(self, ref: Ref) -> None:
        """Forget what was given, if it is there."""
        if ref in self.by_run.get(ref.run, ()):
            self.by_run[ref.run].discard(ref)
            self._let_go(ref)

    def drop(self, run: str) -> None:
        """Forget everything of `run`, on disk too."""
        for ref in self.by_run.pop(run, set()):
            self._let_go(ref)

    def _let_go(self, ref: Ref) -> None:
        if ref in self.held:
            self.memory_bytes -= self.held.pop(ref)[1]
        elif ref in self.spilled:
            self.spilled.pop(ref).unlink(missing_ok=True)

    def _hold(self, ref: Ref, given: Given, size: int) -> None:
        while self.held and self.memory_bytes + size > self.memory_bytes_max:
            self._spill(next(iter(self.held)))
        self.held[ref] = (given, size)
        self.memory_bytes += size

    def _spill(self, ref: Ref) -> None:
        given, size = self.held[ref]
        path = self.folder / sha256(repr(ref).encode()).hexdigest()
        with _translated():
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_dump(given))
        self.spilled[ref] = path
        del self.held[ref]
        self.memory_bytes -= size


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        detail = f"A value that does not fit in memory cannot be on disk: {error.strerror}."
        raise StorageFailed(detail, "Free space where the data folder is.") from None


def weigh(value: Any, most: float = inf) -> int:
    """Return about how many bytes `value` takes: its text, its numbers, its arrays.

    What is more than `most` is not weighed to its end.
    """
    size = 0
    found = [value]
    for each in found:  # which grows meanwhile
        if size > most:
            break
        if isinstance(each, str):
            size += len(each) + 50
        elif each is None:
            size += 30
        elif isinstance(each, dict):
            size += 100 + len("".join(each)) + 50 * len(each)
            found += each.values()
        elif isinstance(each, list | tuple):
            size += 60
            found += each
        elif isinstance(each, np.ndarray):
            size += int(each.nbytes) + 100
        else:
            size += 30
    return size


def _dump(given: Given) -> bytes:
    """Return an archive of raw arrays: of an array itself, of any other value its JSON."""
    buffer = BytesIO()
    arrays = {
        f"array:{port}" if isinstance(value, np.ndarray) else f"json:{port}": _array(value)
        for port, value in given.items()
    }
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _array(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value
    return np.frombuffer(orjson.dumps(value), dtype=np.uint8)


def _load(data: bytes) -> Given:
    given: dict[str, Any] = {}
    with np.load(BytesIO(data), allow_pickle=False) as arrays:
        for name in arrays.files:
            form, _, port = name.partition(":")
            given[port] = arrays[name] if form == "array" else orjson.loads(arrays[name].tobytes())
    return given
