"""A list that is gone over while it comes: its items, read off the text of a reply piece by piece.

The reader is the one that the whole reply is read with in the end, so the items are the same.
"""

from dataclasses import dataclass, field

from executors.replies import BadReply, ListReply
from executors.usage import NOTHING, Usage
from planner.structure import ELEMENTS_MAX
from spec.values import JSON


@dataclass(slots=True)
class ClosingItems:
    """One reply on its way. `most` characters of it are read; beyond them its end is waited for.

    A reply that `stops` is over when its list is: `text` is what it has said until then.
    """

    reply: ListReply
    stops: bool
    most: int
    items: list[JSON] = field(default_factory=list)
    usage: Usage = NOTHING
    _said: list[str] = field(default_factory=list)
    _size: int = 0
    _broken: bool = False  #: what follows from that shows in the end

    @property
    def text(self) -> str:
        """What was said so far."""
        return "".join(self._said)

    @property
    def is_over(self) -> bool:
        """Whether nothing is wanted any more of what is still to come.

        A reply whose cost is told at its end alone is heard to the end.
        """
        counted = self.usage != NOTHING
        return self.stops and counted and not self._broken and self.reply.closed

    def take(self, text: str, usage: Usage | None) -> bool:
        """Take the next piece, and what all has cost so far if it is known; say whether items were
        closed by it.
        """
        self.usage = usage or self.usage
        if self._broken:
            return False
        self._size += len(text)
        self._said.append(text)
        try:
            found = self.reply.feed(text)
        except BadReply:
            found, self._broken = [], True
        self.items += found
        self._broken |= self._size > self.most or len(self.items) > ELEMENTS_MAX
        return bool(found) and not self._broken

    def is_part_of(self, items: JSON) -> bool:
        """Whether the whole list begins with what was given of it."""
        return isinstance(items, list) and items[: len(self.items)] == self.items
