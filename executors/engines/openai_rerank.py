"""Reranking by a cross-encoder behind `/rerank`, as vLLM, Jina and Cohere serve it."""

import math
from collections.abc import AsyncGenerator
from typing import Any

from executors.engines.engine import Batch, Done, Emission, EngineTraits, Fault, Request
from executors.engines.http_client import Endpoint, HttpClient
from executors.engines.rerank_request import Asked, read_rerank
from executors.engines.server_errors import ServerFailed, costing, not_understood
from executors.ranking import best_first
from executors.usage import Usage, count_of


class OpenAIRerank:
    """One replica: `slots` queries at a time to one server. Each doc is scored by itself."""

    def __init__(self, endpoint: Endpoint, model: str, slots: int = 4) -> None:
        self._http = HttpClient(endpoint, slots)
        self._model = model
        self.traits = EngineTraits(
            name="openai_rerank",
            model=model,
            kind="rerank",
            ops=frozenset({"rerank"}),
            slots=slots,
            batch_rows_max=1,
            streams=False,
            deterministic=False,
            batch_invariant=False,
        )

    async def start(self) -> None:
        """Make ready to connect; whether the server is there, the first batch will tell."""
        await self._http.start()

    async def stop(self) -> None:
        """Close every connection."""
        await self._http.stop()

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Ask for each request in turn."""
        for request in batch.requests:
            asked = read_rerank(request)
            yield asked if isinstance(asked, Fault) else await self._answer(request, asked)

    async def _answer(self, request: Request, asked: Asked) -> Emission:
        if not asked.docs:
            return Done(request.id, {"docs": []})
        # All scores are asked for: which docs are best is told here, in the language's order.
        body = {"model": self._model, "query": asked.query, "documents": asked.texts}
        try:
            found = await self._http.ask("/rerank", body)
            usage = _usage(found)
            with costing(usage):
                scores = _scores(found, len(asked.docs))
        except ServerFailed as error:
            return error.fault(request.id)
        docs = best_first(asked.docs, scores, asked.top_k)
        return Done(request.id, {"docs": docs}, usage)


def _scores(found: Any, count: int) -> list[float]:
    """Return a score for each doc in order. Raise `ServerFailed` for anything but one for each."""
    results = found.get("results") if isinstance(found, dict) else None
    if not isinstance(results, list) or not all(isinstance(row, dict) for row in results):
        raise not_understood("it holds no list `results`")
    scores = {row.get("index"): row.get("relevance_score") for row in results if _is_row(row)}
    if len(results) != count or sorted(scores) != list(range(count)):
        raise not_understood(f"it holds {len(results)} scores, not one for each of {count} docs")
    return [float(scores[at]) for at in range(count)]


def _is_row(row: dict[str, Any]) -> bool:
    at, score = row.get("index"), row.get("relevance_score")
    if not isinstance(at, int) or isinstance(at, bool):
        return False
    return isinstance(score, int | float) and not isinstance(score, bool) and math.isfinite(score)


def _usage(found: Any) -> Usage:
    usage = found.get("usage") if isinstance(found, dict) else None
    return Usage(count_of(usage.get("total_tokens")) if isinstance(usage, dict) else 0)
