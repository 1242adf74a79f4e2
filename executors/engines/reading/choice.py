"""Which units are quoted: the nearest to the question in meaning, in words and in kind.

docs/extractive.md says the rules in words; their numbers are here. Knows meanings as vectors only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from executors.engines.reading.expectation import has_expected
from executors.engines.reading.units import Unit
from executors.engines.reading.words import shared

#: Units whose meaning is compared.
UNITS_MAX = 256
CONTEXT_CHARS_MAX = 300
UNIT_CHARS_MAX = 1_200

# What is added to the nearness in meaning, which is a cosine.
WORDS_BONUS = 0.3
EXPECTED_BONUS = 0.2
NEIGHBOUR_BONUS = 0.1

#: Nearness and shared words below which even the best unit is no answer.
RELEVANCE_MIN = 0.35

SENTENCES_MAX = 3
#: How much less than the best a further unit may score.
CLOSE = 0.2

#: Numbers are compared to so many places, lest a machine's rounding decide.
DECIMALS = 5

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that may be quoted, by its place among all.

    `context` is the text whose meaning stands for it, `near` are the places of its neighbours in
    the same paragraph, `shared` is how much of the question's words it holds.
    """

    at: int
    text: str
    context: str
    near: frozenset[int]
    shared: float
    expected: bool


@dataclass(frozen=True, slots=True)
class _Scored:
    unit: Candidate
    score: float


def candidates(question: str, units: Sequence[Unit]) -> list[Candidate]:
    """Return what may be quoted, in order; of very much, what shares most words."""
    shares = shared(question, [unit.text for unit in units])
    places = [at for at, unit in enumerate(units) if unit.quotable]
    places = sorted(sorted(places, key=lambda at: (-shares[at], at))[:UNITS_MAX])
    return [_candidate(question, units, at, shares[at]) for at in places]


def choose(found: Sequence[Candidate], question: Vectors, meanings: Vectors) -> list[str]:
    """Return the texts that answer, in order; none if nothing does.

    `question` is the vector of the question; `meanings` has one for the context of each candidate.
    """
    ranked = _ranked(found, question, meanings)
    if not ranked:
        return []
    chosen = [ranked[0].unit]
    while len(chosen) < SENTENCES_MAX and (further := _further(ranked, chosen)):
        chosen.append(further)
    return [unit.text for unit in sorted(chosen, key=lambda unit: unit.at)]


def foremost(
    found: Sequence[Candidate], question: Vectors, meanings: Vectors, most: int
) -> list[str]:
    """Return up to `most` texts with the best scores, in order; none if nothing is relevant."""
    chosen: list[Candidate] = []
    for each in _ranked(found, question, meanings):
        if len(chosen) < most and not any(_overlap(each.unit, unit) for unit in chosen):
            chosen.append(each.unit)
    return [unit.text for unit in sorted(chosen, key=lambda unit: unit.at)]


def central(found: Sequence[Candidate], meanings: Vectors, most: int) -> list[str]:
    """Return up to `most` texts that are nearest to what all of them mean together, in order."""
    centre = meanings.mean(axis=0)
    return foremost(found, centre / max(float(np.linalg.norm(centre)), 1e-9), meanings, most)


def _ranked(found: Sequence[Candidate], question: Vectors, meanings: Vectors) -> list[_Scored]:
    """Return all with their scores, the best first; none if not even the best is relevant."""
    nearness = [round(float(each), DECIMALS) for each in meanings @ question]
    relevance = [
        near + WORDS_BONUS * unit.shared for near, unit in zip(nearness, found, strict=True)
    ]
    if max(relevance, default=0.0) < RELEVANCE_MIN:
        return []
    return sorted(
        (
            _Scored(unit, round(relevant + EXPECTED_BONUS * unit.expected, DECIMALS))
            for unit, relevant in zip(found, relevance, strict=True)
        ),
        key=lambda each: (-each.score, each.unit.at),
    )


def _further(ranked: Sequence[_Scored], chosen: Sequence[Candidate]) -> Candidate | None:
    """Return what joins `chosen` next, if anything is near enough to the best."""
    near = frozenset().union(*(unit.near for unit in chosen))

    def drawn(each: _Scored) -> float:
        return round(each.score + NEIGHBOUR_BONUS * (each.unit.at in near), DECIMALS)

    rest = [each for each in ranked if not any(_overlap(each.unit, unit) for unit in chosen)]
    # Of equals the first, and `ranked` is in order.
    best = max(rest, key=drawn, default=None)
    if best is None or drawn(best) < round(ranked[0].score - CLOSE, DECIMALS):
        return None
    return best.unit


def _overlap(one: Candidate, other: Candidate) -> bool:
    return one.text in other.text or other.text in one.text


def _candidate(question: str, units: Sequence[Unit], at: int, share: float) -> Candidate:
    unit = units[at]
    before = units[at - 1].text if unit.follows else ""
    follower = at + 1 if at + 1 < len(units) and units[at + 1].follows else None
    after = "" if follower is None else units[follower].text
    parts = (
        f"{unit.above[-CONTEXT_CHARS_MAX:]}." if unit.above else "",
        before[-CONTEXT_CHARS_MAX:],
        unit.text[:UNIT_CHARS_MAX],
        after[:CONTEXT_CHARS_MAX],
    )
    return Candidate(
        at=at,
        text=unit.text,
        context=" ".join(part for part in parts if part),
        near=frozenset(([at - 1] if before else []) + ([at + 1] if after else [])),
        shared=share,
        expected=has_expected(question, unit.text),
    )
