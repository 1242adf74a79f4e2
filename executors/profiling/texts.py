"""Texts to measure with: of a wanted length, none beginning like another, so that no cache helps.

They look like what a service sends: a task, numbered passages, a question. Pure, and seeded.
"""

from itertools import count
from random import Random

_WORDS = (
    "water", "stone", "river", "winter", "market", "garden", "letter", "bridge", "signal", "engine",
    "window", "orange", "travel", "mother", "summer", "island", "forest", "silver", "record",
    "flight", "corner", "planet", "valley", "harbor", "copper", "dinner", "nature", "butter",
    "camera", "candle", "castle", "circle", "danger", "desert", "doctor", "family", "farmer",
    "figure", "finger", "flower",
)  # fmt: skip
_TASK = "tell a very long story from the passages.\n\n"
_QUESTION = "\n\nQuestion: what happened there?"
_SENTENCE_WORDS = 12
_PASSAGE_SENTENCES = 6


class Texts:
    """Texts of one profile. `nonce` tells it from every other, also on a server that remembers.

    >>> texts = Texts("a")
    >>> one, two = texts.prompt(100), texts.prompt(100)
    >>> len(one) == len(two) == 400, one[:8] == two[:8]
    (True, False)
    """

    def __init__(self, nonce: str, token_chars: float = 4.0) -> None:
        self.token_chars = token_chars  #: characters that are one token, as far as is known
        self._nonce = nonce
        self._serials = count()

    def learn(self, text: str, tokens: int) -> None:
        """Take from a text that an engine has counted how long a token is."""
        self.token_chars = len(text) / tokens

    def tokens_in(self, text: str) -> int:
        """Return about how many tokens `text` is."""
        return max(1, round(len(text) / self.token_chars))

    def prompt(self, tokens: int) -> str:
        """Return a prompt of about `tokens`: a task, passages, a question."""
        size = round(tokens * self.token_chars)
        random = self._random()
        begin = f"{self._unique(random)}: {_TASK}"
        passages = _passages(random, max(0, size - len(begin) - len(_QUESTION)))
        # Of a very short one only its own beginning is left.
        return f"{begin}{passages}{_QUESTION}"[:size]

    def passage(self, tokens: int) -> str:
        """Return a passage of about `tokens`."""
        random = self._random()
        size = round(tokens * self.token_chars)
        return f"{self._unique(random)} {_sentences(random, size)}"[:size]

    def _random(self) -> Random:
        return Random(f"{self._nonce} {next(self._serials)}")

    def _unique(self, random: Random) -> str:
        return f"{random.getrandbits(48):012x}"


def _passages(random: Random, size: int) -> str:
    text, number = "", 0
    while len(text) < size:
        number += 1
        sentences = " ".join(_sentence(random) for _ in range(_PASSAGE_SENTENCES))
        text += f"[{number}] {sentences}\n\n"
    return text[:size]


def _sentences(random: Random, size: int) -> str:
    text = ""
    while len(text) < size:
        text += f"{_sentence(random)} "
    return text


def _sentence(random: Random) -> str:
    words = random.choices(_WORDS, k=_SENTENCE_WORDS)
    return f"{words[0].capitalize()} {' '.join(words[1:])}."
