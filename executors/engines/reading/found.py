"""What the extractive reader has found for a prompt, as a source of values for an object."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from executors.engines.reading.queries import queries
from executors.engines.reading.words import words

_NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?")
#: Fields that are true when nothing was found, by a word of their names.
_LACKING = frozenset({"need", "needs", "needed", "missing", "lacks", "unknown", "unanswered"})
_QUERY = frozenset({"query", "queries", "search", "searches"})
_DIGITS_MAX = 15


@dataclass(frozen=True, slots=True)
class Found:
    """The question of a prompt, the sentences that answer it, and all the prompt says."""

    question: str
    sentences: Sequence[str]
    prompt: str

    def text(self, name: str) -> str | None:
        """Return a query, the question, or the sentences found, by the name of the field."""
        parts = _parts(name)
        if parts & _QUERY:
            return next(iter(queries(self.question, 1)), None)
        if "question" in parts:
            return self.question or None
        return " ".join(self.sentences) or None

    def texts(self, name: str) -> Sequence[str]:
        """Return queries or the sentences found, by the name of the field."""
        return queries(self.question, 3) if _parts(name) & _QUERY else self.sentences

    def number(self, name: str) -> float | None:  # noqa: ARG002  # one number for all fields
        """Return the first number of the sentences found."""
        number = _NUMBER.search(" ".join(self.sentences))
        if number is None or len(number[0]) > _DIGITS_MAX:
            return None
        return float(number[0].replace(",", ""))

    def truth(self, name: str) -> bool:
        """Say whether anything was found; of a field about what is lacking, whether nothing was."""
        return bool(self.sentences) != bool(_parts(name) & _LACKING)

    def mentions(self, word: str) -> int:
        """Return how often the sentences found hold `word`; where there are none, the prompt."""
        asked = words(word)
        said = words(" ".join(self.sentences) or self.prompt)
        places = range(len(said)) if asked else ()
        return sum(said[at : at + len(asked)] == asked for at in places)


def _parts(name: str) -> set[str]:
    return set(re.split(r"[\W_]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).casefold()))
