"""Reranking by a cross-encoder: `/rerank` of vLLM, Jina and Cohere, or `/score` of vLLM."""

import math
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from executors.engines.engine import Batch, Done, Emission, EngineTraits, Fault, Request
from executors.engines.http_client import Endpoint, HttpClient
from executors.engines.rerank_request import Asked, read_rerank
from executors.engines.server_errors import ServerFailed, costing, not_understood
from executors.ranking import best_first
from executors.usage import Usage, count_of


@dataclass(frozen=True, slots=True)
class _Api:
    """A path, and what things are called there: the query, the docs, the rows and their scores."""

    path: str
    query: str
    docs: str
    rows: str
    score: str


APIS: Mapping[str, _Api] = MappingProxyType(
    {
        "rerank": _Api("/rerank", "query", "documents", "results", "relevance_score"),
        "score": _Api("/score", "text_1", "text_2", "data", "score"),
    }
)


class OpenAIRerank:
    """One replica: `slots` queries at a time to one server. Each doc is scored by itself.

    `api` is a key of `APIS`: which of a server's ways to ask for scores is used.
    """

    def __init__(self, endpoint: Endpoint, model: str, slots: int = 4, api: str = "rerank") -> None:
        self._http = HttpClient(endpoint, slots)
        self._model = model
        self._api = APIS[api]
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
        api = self._api
        body = {"model": self._model, api.query: asked.query, api.docs: asked.texts}
        try:
            found = await self._http.ask(api.path, body)
            usage = _usage(found)
            with costing(usage):
                scores = _scores(found, api, len(asked.docs))
        except ServerFailed as error:
            return error.fault(request.id)
        docs = best_first(asked.docs, scores, asked.top_k)
        return Done(request.id, {"docs": docs}, usage)


def _scores(found: Any, api: _Api, count: int) -> list[float]:
    """Return a score for each doc in order. Raise `ServerFailed` for anything but one for each."""
    results = found.get(api.rows) if isinstance(found, dict) else None
    if not isinstance(results, list) or not all(isinstance(row, dict) for row in results):
        raise not_understood(f"it holds no list `{api.rows}`")
    rows = [(row.get("index"), row.get(api.score)) for row in results]
    scores = {at: score for at, score in rows if _is_row(at, score)}
    if len(results) != count or sorted(scores) != list(range(count)):
        raise not_understood(f"it holds {len(results)} scores, not one for each of {count} docs")
    return [float(scores[at]) for at in range(count)]


def _is_row(at: Any, score: Any) -> bool:
    if not isinstance(at, int) or isinstance(at, bool):
        return False
    return isinstance(score, int | float) and not isinstance(score, bool) and math.isfinite(score)


def _usage(found: Any) -> Usage:
    usage = found.get("usage") if isinstance(found, dict) else None
    return Usage(count_of(usage.get("total_tokens")) if isinstance(usage, dict) else 0)
