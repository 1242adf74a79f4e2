"""One list of several, without repeats: the module `merge`, and search by meaning and words.

Pure: equal lists give equal lists, whatever ran where.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from math import fsum, inf

from spec.meter import Meter
from spec.sameness import same_key
from spec.values import JSON

Doc = dict[str, JSON]
#: What `score`s are rounded to before anything is ordered by them.
SCORE_DECIMALS = 5
#: How little the first ranks stand out, where nobody says.
RANK_OFFSET = 60
#: What lists may be merged by.
WAYS = ("rrf", "score", "order")


@dataclass(slots=True)
class _Found:
    """One doc: as it was first met and as it had the greatest score, and its ranks, one a list."""

    first: Doc
    best: Doc
    ranks: list[int] = field(default_factory=list)


def fuse(
    lists: Sequence[Sequence[Doc] | None],
    by: str = "rrf",
    offset: int = RANK_OFFSET,
    top_k: int | None = None,
) -> list[Doc]:
    """Return the docs of all `lists` that are not null, each once, `top_k` at most.

    `rrf` orders by the sum of 1 / (`offset` + rank) over the lists, which becomes `score`; `score`
    by the greatest one, which stays with the doc that has it, docs without any last; `order` as
    they are first met. Ties go by id. A doc met again in one list has the rank of its first place.
    Raise `spec.meter.Fault` for too many.

    >>> fuse([[{"id": "a"}, {"id": "b"}], None, [{"id": "b"}]])
    [{'id': 'b', 'score': 0.03252}, {'id': 'a', 'score': 0.01639}]
    """
    found = _found(lists)
    match by:
        case "rrf":
            docs = sorted((_fused(each, offset) for each in found), key=_place)
        case "score":
            docs = sorted((each.best for each in found), key=_place)
        case _:
            docs = [each.first for each in found]
    return docs[:top_k]


def _found(lists: Sequence[Sequence[Doc] | None]) -> Sequence[_Found]:
    meter = Meter()
    known: dict[Hashable, _Found] = {}
    for docs in lists:
        ranked = set()
        for rank, doc in enumerate(docs or (), 1):
            key = same_key(doc, meter)
            each = known.setdefault(key, _Found(doc, doc))
            if _score(doc) > _score(each.best):
                each.best = doc
            if key not in ranked:
                ranked.add(key)
                each.ranks.append(rank)
    return list(known.values())


def _fused(found: _Found, offset: int) -> Doc:
    score = fsum(1 / (offset + rank) for rank in found.ranks)
    return {**found.first, "score": round(score, SCORE_DECIMALS)}


def _place(doc: Doc) -> tuple[float, str]:
    id = doc.get("id")
    return -round(_score(doc), SCORE_DECIMALS), id if isinstance(id, str) else ""


def _score(doc: Doc) -> float:
    given = doc.get("score")
    return -inf if given is None else given
