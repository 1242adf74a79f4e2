"""How relevant each unit is to a question. Rules in words: docs/extractive.md; numbers: here."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from executors.engines.reading.expectation import expected, gives
from executors.engines.reading.units import Kind, Unit
from executors.engines.reading.words import Term, likeness, stem, terms, words

#: Words of a question that are compared; the rest of a longer one is not read.
QUESTION_TERMS_MAX = 48

# What a word of the question weighs: the rarer the more, by a power of its information.
RARITY_POWER = 1.2
NAME_WEIGHT = 1.3
ASIDE_WEIGHT = 0.6

# What counts of a word that is not in the unit itself but near it.
ABOVE_SHARE = 0.6
LEANING_SHARE = 0.7
BEFORE_SHARE = 0.45
AFTER_SHARE = 0.25
PARAGRAPH_SHARE = 0.25

#: The share of the question's weight below which a unit is not an answer.
RELEVANCE_MIN = 0.2

# What a unit's relevance is multiplied by.
EXPECTED_BONUS = 0.65
PHRASE_BONUS = 0.03
PHRASE_BONUS_MAX = 0.12
PHRASE_GAP = 2
RANK_LOSS = 0.07
LONG_WORDS = 45
NOTHING_NEW_FACTOR = 0.4
QUESTION_FACTOR = 0.4

_LEANING = re.compile(
    r"(?:(?:and|but|yet|also|even) )?(?:he|she|it|they|his|her|hers|its|their|theirs|him|them|"
    r"this|that|these|those|such|both|so|neither|each|there|therefore|thus|hence|instead|"
    r"otherwise|most of (?:them|these)|(?:from|since|after|for|in|because of) (?:then|this|that)|"
    r"as a result)\b",
    re.IGNORECASE,
)

#: Capitals inside a question; digits belong to the name before them.
_NAME = re.compile(r"(?<=[^\W_][ ,'\u2019])[A-Z][^\W_]+(?: \d+\b)?")

#: Where a question turns from what is asked to the circumstances.
_ASIDE = re.compile(r"(?<=\w )(?:so that|if|when|while|because|after|before|in order to)\b", re.I)


def leans(text: str) -> bool:
    """Say whether `text` cannot be understood without the sentence before it."""
    return _LEANING.match(text) is not None


@dataclass(frozen=True, slots=True)
class Scored:
    """A unit by its place among all, how relevant it is, and how far it is of the kind expected."""

    at: int
    score: float
    gives: float


class Relevance:
    """What is known of a question and all units while they are compared."""

    def __init__(self, question: str, units: Sequence[Unit]) -> None:
        self._question = question
        self._units = units
        self._kind = expected(question)
        self._asked = list({term.stem: term for term in terms(question)}.values())
        self._asked = self._asked[:QUESTION_TERMS_MAX]
        self._terms = [terms(unit.text) for unit in units]
        self._like = _alike(self._asked, (term.stem for found in self._terms for term in found))
        self._held = [self._holds(found) for found in self._terms]
        above = {unit.above: self._holds(terms(unit.above)) for unit in units}
        self._above = [above[unit.above] for unit in units]
        self._around = self._paragraphs()
        self._weights = self._rarity()

    def gives(self, at: int) -> float:
        """Say how far the unit at `at` has what the question expects."""
        return gives(self._kind, self._units[at].text, self._question)

    def ranked(self) -> list[Scored]:
        """Return what is relevant, best first; of equal texts the best, of equals the first."""
        best: dict[str, Scored] = {}
        for at, unit in enumerate(self._units):
            if unit.kind is Kind.LABEL:
                continue
            relevance = self.share(at)
            if relevance < RELEVANCE_MIN:
                continue
            given = self.gives(at)
            score = relevance * self._factors(at, given)
            key = unit.text.casefold()
            if key not in best or score > best[key].score:
                best[key] = Scored(at, score, given)
        return sorted(best.values(), key=lambda scored: (-scored.score, scored.at))

    def share(self, at: int) -> float:
        """Return how much of the question's weight the unit at `at` holds or stands near."""
        unit = self._units[at]
        near = [
            (self._held[at], 1.0),
            (self._above[at], ABOVE_SHARE),
            (self._around[at], PARAGRAPH_SHARE),
        ]
        if unit.follows:
            leaning = leans(unit.text) or self._units[at - 1].text.endswith("?")
            near.append((self._held[at - 1], LEANING_SHARE if leaning else BEFORE_SHARE))
        if at + 1 < len(self._units) and self._units[at + 1].follows:
            near.append((self._held[at + 1], AFTER_SHARE))
        whole = sum(
            weight * max(share * held.get(asked, 0.0) for held, share in near)
            for asked, weight in enumerate(self._weights)
        )
        return whole / (sum(self._weights) or 1.0)

    def _factors(self, at: int, given: float) -> float:
        unit, found = self._units[at], self._terms[at]
        factor = 1 / (1 + RANK_LOSS * unit.passage)
        factor *= 1 + EXPECTED_BONUS * given
        factor *= 1 + min(PHRASE_BONUS_MAX, PHRASE_BONUS * self._phrases(found))
        factor *= min(1.0, math.sqrt(LONG_WORDS / max(1, len(unit.text.split()))))
        if not given and all(term.stem in self._like for term in found):
            factor *= NOTHING_NEW_FACTOR
        return factor * QUESTION_FACTOR if unit.text.endswith("?") else factor

    def _phrases(self, found: Sequence[Term]) -> int:
        """Count neighbours in the question that are neighbours here, in the same order."""
        places: dict[int, set[int]] = {}
        for term in found:
            for asked in self._like.get(term.stem, {}):
                places.setdefault(asked, set()).add(term.place)
        pairs = [
            (one, one + 1)
            for one in range(len(self._asked) - 1)
            if self._asked[one + 1].place - self._asked[one].place <= PHRASE_GAP
        ]
        return sum(
            any(
                left + gap in places.get(other, ())
                for left in places.get(one, ())
                for gap in range(1, PHRASE_GAP + 1)
            )
            for one, other in pairs
        )

    def _holds(self, found: Iterable[Term]) -> dict[int, float]:
        """Return how well each term of the question, by its place in it, is held."""
        held: dict[int, float] = {}
        for term in found:
            for asked, weight in self._like.get(term.stem, {}).items():
                held[asked] = max(weight, held.get(asked, 0.0))
        return held

    def _paragraphs(self) -> list[dict[int, float]]:
        """Return for each unit how well its whole paragraph holds each term."""
        around: list[dict[int, float]] = []
        for unit, held in zip(self._units, self._held, strict=True):
            whole = around[-1] if unit.follows else {}
            whole |= {at: max(weight, whole.get(at, 0.0)) for at, weight in held.items()}
            around.append(whole)
        return around

    def _rarity(self) -> list[float]:
        """Return the weight of each term: the fewer units hold it, the more it tells."""
        texts = {unit.text: held for unit, held in zip(self._units, self._held, strict=True)}
        exact = Counter(asked for held in texts.values() for asked in held if held[asked] == 1.0)
        about = Counter(asked for held in texts.values() for asked in held)
        names = frozenset(stem(word) for word in words(" ".join(_NAME.findall(self._question))))
        aside = _ASIDE.search(self._question)
        main = len(words(self._question[: aside.start()])) if aside else math.inf
        return [
            (NAME_WEIGHT if term.stem in names else 1.0)
            * (ASIDE_WEIGHT if term.place >= main else 1.0)
            * math.log(1 + len(texts) / (exact[asked] or about[asked] or 1)) ** RARITY_POWER
            for asked, term in enumerate(self._asked)
        ]


def _alike(asked: Sequence[Term], stems: Iterable[str]) -> dict[str, dict[int, float]]:
    """Return for each stem which terms of the question it stands for, and how well."""
    known: dict[str, dict[int, float]] = {}
    for found in dict.fromkeys(stems):
        likes = {
            at: weight
            for at, term in enumerate(asked)
            if (weight := likeness(term.stem, found)) > 0.0
        }
        if likes:
            known[found] = likes
    return known
