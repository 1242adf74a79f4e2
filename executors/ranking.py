"""Best first, as the language has it: by score rounded to five decimals, ties by id.

>>> docs = [{"id": "b", "text": "x"}, {"id": "a", "text": "y"}, {"id": "c", "text": "z"}]
>>> [doc["id"] for doc in best_first(docs, [0.5, 0.5000001, 0.9], None)]
['c', 'a', 'b']
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SCORE_DECIMALS = 5


def best_first(
    docs: Sequence[Mapping[str, Any]], scores: Sequence[float], top_k: int | None
) -> list[dict[str, Any]]:
    """Return the `top_k` best of `docs`, or all of them, each with its score as `score`."""
    scored = [
        {**doc, "score": round(float(score), SCORE_DECIMALS) + 0.0}
        for doc, score in zip(docs, scores, strict=True)
    ]
    return in_order(scored, top_k)


def in_order(docs: Iterable[dict[str, Any]], top_k: int | None) -> list[dict[str, Any]]:
    """Return the `top_k` best of docs that have their scores; equal ones stay in their order."""
    return sorted(docs, key=lambda doc: (-doc["score"], doc["id"]))[:top_k]
