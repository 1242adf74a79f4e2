"""Which units are quoted: the most relevant, what it leans on, and its equals."""

from collections.abc import Iterable, Sequence

from executors.engines.reading.relevance import RELEVANCE_MIN, Relevance, Scored, leans
from executors.engines.reading.units import Kind, Unit

SENTENCES_MAX = 3
#: How near the best a further unit must be.
CLOSE = 0.7


def choose(question: str, units: Sequence[Unit]) -> list[str]:
    """Return the texts that answer `question`, in the order of `units`; none if nothing does."""
    relevance = Relevance(question, units)
    ranked = relevance.ranked()
    if not ranked:
        return []
    chosen = _with_company(ranked[0], units, relevance)
    for other in ranked[1:]:
        if other.score < CLOSE * ranked[0].score:
            break
        if other.gives >= ranked[0].gives:
            company = [at for at in _with_company(other, units, relevance) if at not in chosen]
            if len(chosen) + len(company) <= SENTENCES_MAX:
                chosen += company
    return _texts(sorted(chosen), units)


def _texts(places: Iterable[int], units: Sequence[Unit]) -> list[str]:
    """Return each text once, and none that is part of another."""
    kept: list[str] = []
    for text in (units[at].text for at in places):
        if not any(text in other for other in kept):
            kept = [other for other in kept if other not in text] + [text]
    return kept


def _with_company(best: Scored, units: Sequence[Unit], relevance: Relevance) -> list[int]:
    """Return the place of `best`, and of a neighbour without which it cannot be understood."""
    at = best.at
    before = at - 1 if at and units[at].follows and units[at - 1].kind is not Kind.LABEL else None
    after = at + 1 if at + 1 < len(units) and units[at + 1].follows else None
    if before is not None and leans(units[at].text):
        return [before, at]
    for neighbour in (after, before):
        if neighbour is None or relevance.share(neighbour) < RELEVANCE_MIN:
            continue
        if relevance.gives(neighbour) > best.gives:
            return sorted((at, neighbour))
    return [at]
