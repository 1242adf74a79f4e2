"""Web search by a SearXNG server of the operator's, over its JSON API."""

from collections.abc import AsyncGenerator, Iterator
from typing import Any

from executors.engines.engine import Batch, Done, Emission, EngineTraits, Fault, Request
from executors.engines.http_client import Endpoint, HttpClient
from executors.engines.server_errors import ServerFailed, not_understood
from executors.engines.web_request import Asked, read_search

PAGES_MAX = 5
TITLE_CHARS_MAX = 300
TEXT_CHARS_MAX = 2_000
URL_CHARS_MAX = 2_000


class Searxng:
    """One replica. Results keep the server's order; each address counts once."""

    def __init__(self, endpoint: Endpoint, slots: int = 4) -> None:
        self._http = HttpClient(endpoint, slots)
        self.traits = EngineTraits(
            name="searxng",
            model="SearXNG",
            kind="web",
            ops=frozenset({"web_search"}),
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
        """Search for each request in turn."""
        for request in batch.requests:
            asked = read_search(request)
            yield asked if isinstance(asked, Fault) else await self._answer(request, asked)

    async def _answer(self, request: Request, asked: Asked) -> Emission:
        docs: dict[str, dict[str, Any]] = {}
        try:
            for page in range(1, PAGES_MAX + 1):
                before = len(docs)
                for doc in await self._page(asked.query, page):
                    docs.setdefault(doc["id"], doc)
                if len(docs) >= asked.top_k or len(docs) == before:
                    break
        except ServerFailed as error:
            return error.fault(request.id)
        return Done(request.id, {"docs": list(docs.values())[: asked.top_k]})

    async def _page(self, query: str, page: int) -> list[dict[str, Any]]:
        found = await self._http.ask(
            "/search", query={"q": query, "format": "json", "pageno": page}
        )
        results = found.get("results") if isinstance(found, dict) else None
        if not isinstance(results, list):
            raise not_understood("it holds no list `results`")
        return list(_docs(results))


def _docs(results: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield what can be used of the results: what has an address and says something."""
    for each in results:
        if not isinstance(each, dict):
            raise not_understood("a result is no object")
        url, title, text = (each.get(key) for key in ("url", "title", "content"))
        title = title if isinstance(title, str) else ""
        text = text if isinstance(text, str) else ""
        if isinstance(url, str) and _is_address(url) and (title or text):
            yield {
                "id": url,
                "url": url,
                "title": title[:TITLE_CHARS_MAX],
                "text": text[:TEXT_CHARS_MAX],
                "meta": {},
            }


def _is_address(url: str) -> bool:
    return url.startswith(("http://", "https://")) and len(url) <= URL_CHARS_MAX
