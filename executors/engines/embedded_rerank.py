"""Reranking without a cross-encoder: nearness in meaning and shared words, and it says so.

A stand-in that needs no GPU. It reads query and doc apart, never together, so it is coarser than a
model made for this.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from executors.engines.engine import Batch, Done, Emission, EngineTraits, Fault
from executors.engines.reading.words import words
from executors.engines.rerank_request import Asked, read_rerank
from executors.ranking import best_first

#: Gives a vector of length one for the meaning of each text, always the same for equal lists.
Embed = Callable[[Sequence[str]], Awaitable[NDArray[np.float32]]]

#: How much of a score is nearness in meaning; the rest is the share of the query's words.
MEANING = 0.7

TRAITS = EngineTraits(
    name="embedded",
    model="all-MiniLM-L6-v2 cosine and shared words (no cross-encoder)",
    kind="rerank",
    ops=frozenset({"rerank"}),
    slots=2,
    batch_rows_max=1,
    streams=False,
    deterministic=True,
    batch_invariant=True,
)


class EmbeddedRerank:
    """One replica. The score of a doc is 0.7 times the cosine of its meaning and the query's plus
    0.3 times the share of the query's words that it holds; no other doc changes it.

    `embed` stays its owner's, who stops what is behind it.
    """

    traits = TRAITS

    def __init__(self, embed: Embed) -> None:
        self._embed = embed

    async def start(self) -> None:
        """Have the model behind `embed` loaded. Raise its `EngineFailed` where that fails."""
        await self._embed([])

    async def stop(self) -> None:
        """Nothing to give back."""

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Score the docs of each request in turn."""
        for request in batch.requests:
            asked = read_rerank(request)
            if isinstance(asked, Fault):
                yield asked
            else:
                docs = best_first(asked.docs, await self._scores(asked), asked.top_k)
                yield Done(request.id, {"docs": docs})

    async def _scores(self, asked: Asked) -> list[float]:
        vectors = await self._embed([asked.query, *asked.texts])
        wanted = frozenset(words(asked.query))
        return [
            MEANING * float(vector @ vectors[0]) + (1 - MEANING) * _share(wanted, text)
            for vector, text in zip(vectors[1:], asked.texts, strict=True)
        ]


def _share(wanted: frozenset[str], text: str) -> float:
    return len(wanted.intersection(words(text))) / max(1, len(wanted))
