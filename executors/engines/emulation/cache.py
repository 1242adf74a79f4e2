"""Room for keys and values in whole blocks, those of equal beginnings shared: as vLLM keeps it.

A block that nobody uses stays until its room is wanted, the longest unused first.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Held:
    """What one sequence holds: blocks it shares by name, and `own` that have none."""

    shared: list[bytes] = field(default_factory=list)
    own: int = 0


@dataclass(slots=True)
class KVCache:
    """`blocks` of room in all.

    >>> cache = KVCache(blocks=3)
    >>> first = cache.hold([b"a", b"b"], blocks=3)
    >>> cache.computed(first, b"a"); cache.hold([b"a"], blocks=2) is None
    True
    >>> cache.free(first); len(cache.hold([b"a", b"c"], blocks=2).shared)
    1
    """

    blocks: int
    users: dict[bytes, int] = field(default_factory=dict)  #: of each named block in use
    idle: "OrderedDict[bytes, None]" = field(default_factory=OrderedDict)  #: the first goes first
    own: int = 0  #: blocks in use without a name

    @property
    def used(self) -> int:
        """Return how many blocks are in use."""
        return len(self.users) + self.own

    def known(self, names: Sequence[bytes]) -> int:
        """Return how many blocks at the beginning of `names` are there."""
        for count, name in enumerate(names):
            if name not in self.users and name not in self.idle:
                return count
        return len(names)

    def hold(self, names: Sequence[bytes], blocks: int) -> Held | None:
        """Hold `blocks` of room, those that begin `names` shared. None if there is not as much."""
        shared = list(names[: self.known(names)])
        woken = sum(name in self.idle for name in shared)
        own = blocks - len(shared)
        if self.used + woken + own > self.blocks:
            return None
        for name in shared:
            self.idle.pop(name, None)
            self.users[name] = self.users.get(name, 0) + 1
        self.own += own
        self._make_room()
        return Held(shared, own)

    def computed(self, held: Held, name: bytes) -> None:
        """Give a block of `held` its name, from now on to be shared; a double of one has none."""
        if name in self.users:
            return
        self.idle.pop(name, None)
        self.users[name] = 1
        held.shared.append(name)
        held.own -= 1
        self.own -= 1

    def free(self, held: Held) -> None:
        """Let go of what a sequence holds. The ends of texts are the first to make room."""
        self.own -= held.own
        for name in reversed(held.shared):
            self.users[name] -= 1
            if not self.users[name]:
                del self.users[name]
                self.idle[name] = None
        held.shared, held.own = [], 0

    def _make_room(self) -> None:
        while self.used + len(self.idle) > self.blocks:
            self.idle.popitem(last=False)
