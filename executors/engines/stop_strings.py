"""Stop strings that a server was not told of, looked for in what it writes. Pure.

The first of them to be complete ends the text, and the text ends where it begins, however the
pieces were cut. What could be the beginning of one is held back until that is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class StopStrings:
    """What is left of a text before any of `stops`, piece by piece.

    >>> text = StopStrings(["END", "\\n\\n"])
    >>> text.take("one E"), text.take("N two E"), text.take("ND three"), text.found
    ('one ', 'EN two ', '', True)
    """

    stops: Sequence[str] = ()
    found: bool = False  #: nothing of the text is to be taken any more
    _held: str = ""

    def take(self, piece: str) -> str:
        """Return what `piece` adds for certain."""
        if self.found or not self.stops:
            return "" if self.found else piece
        text = self._held + piece
        places = [(text.find(stop), stop) for stop in self.stops]
        ends = [(at + len(stop), at) for at, stop in places if at >= 0]
        if ends:
            self.found, self._held = True, ""
            return text[: min(ends)[1]]
        kept = len(text) - self._begun(text)
        self._held = text[kept:]
        return text[:kept]

    def rest(self) -> str:
        """Return what was held back, when no more is to come."""
        held, self._held = self._held, ""
        return held

    def _begun(self, text: str) -> int:
        """Return how many characters at the end of `text` may begin a stop string."""
        longest = max(map(len, self.stops)) - 1
        lengths = range(min(longest, len(text)), 0, -1)
        return next((n for n in lengths if any(s.startswith(text[-n:]) for s in self.stops)), 0)
