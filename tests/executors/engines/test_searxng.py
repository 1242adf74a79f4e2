"""Web search by a SearXNG server: the contract, the wire, and answers that are none."""

import asyncio
from typing import Any
from urllib.parse import parse_qs

import pytest

from executors.engines.engine import Done, Engine, Fault, Request
from executors.engines.http_client import Endpoint
from executors.engines.searxng import Searxng
from tests.executors.engines.contract import EngineContract, answers
from tests.executors.engines.openai_server import LocalServer, Play, Seen


def search(id: int, query: object = "old mill", top_k: object = 5) -> Request:
    return Request(id, "web_search", {"query": query, "top_k": top_k}, "run", "local")


def result(number: int, **changes: Any) -> dict[str, Any]:
    usual = {
        "url": f"https://example.org/{number}",
        "title": f"Title {number}",
        "content": f"Text {number}",
        "engine": "x",
        "score": 1.0,
    }
    return {**usual, **changes}


def paged(seen: Seen) -> Play:
    """Three results a page, two pages, the last of each the first of the next."""
    page = int(parse_qs(seen.query)["pageno"][0])
    first = 2 * page - 2
    rows = [result(first + at) for at in range(3)] if page < 3 else [result(4)]
    return Play.of({"query": "q", "number_of_results": 5, "results": rows})


def root(server: LocalServer) -> Endpoint:
    return Endpoint(server.url.removesuffix("/v1"))


def answered(server: LocalServer, request: Request) -> Done | Fault:
    async def scenario() -> Done | Fault:
        engine = Searxng(root(server))
        try:
            await engine.start()
            return (await answers(engine, request))[request.id]
        finally:
            await engine.stop()

    return asyncio.run(scenario())


class TestSearxng(EngineContract):
    @pytest.fixture(autouse=True)
    def with_a_server(self, server: LocalServer) -> None:
        self.server = server

    def make(self) -> Engine:
        return Searxng(root(self.server))

    def good(self) -> list[Request]:
        return [search(1), search(2, "x", 1)]

    def bad(self) -> list[Request]:
        return [
            search(1, None),
            search(2, ""),
            search(3, "x", 0),
            Request(4, "embed", {}, "r", "t"),
        ]


def test_results_keep_their_order_and_pages_are_turned_until_there_are_enough(server):
    server.play(*[paged] * 3)
    end = answered(server, search(1, "old  mill & co", 4))
    assert isinstance(end, Done)
    assert [doc["id"] for doc in end.outputs["docs"]] == [
        f"https://example.org/{number}" for number in range(4)
    ]
    assert end.outputs["docs"][0] == {
        "id": "https://example.org/0",
        "url": "https://example.org/0",
        "title": "Title 0",
        "text": "Text 0",
        "meta": {},
    }
    assert [(seen.method, seen.path) for seen in server.seen] == [("GET", "/search")] * 2
    assert [parse_qs(seen.query) for seen in server.seen] == [
        {"q": ["old mill & co"], "format": ["json"], "pageno": [str(page)]} for page in (1, 2)
    ]


def test_pages_are_turned_no_further_when_one_brings_nothing_new(server):
    server.play(*[paged] * 9)
    end = answered(server, search(1, top_k=50))
    assert isinstance(end, Done)
    assert len(end.outputs["docs"]) == 5
    assert len(server.seen) == 3


def test_what_has_no_address_or_says_nothing_is_left_out(server):
    rows = [
        result(1, url="javascript:alert(1)"),
        result(2, url=None),
        result(3, title="", content=None),
        result(4, title=None),
        result(5, content="x" * 9_000, url="http://a/" + "y" * 3_000),
        result(6, content="x" * 9_000),
    ]
    server.play(Play.of({"results": rows}))
    end = answered(server, search(1))
    assert isinstance(end, Done)
    assert [doc["title"] for doc in end.outputs["docs"]] == ["", "Title 6"]
    assert len(end.outputs["docs"][1]["text"]) == 2_000


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"results": {}}', b'{"results": ["x"]}', b"<html>"]
)
def test_what_is_not_understood_is_a_bad_reply(server, body):
    server.play(Play((body,)))
    end = answered(server, search(1))
    assert isinstance(end, Fault)
    assert end.code == "bad-reply"


def test_a_server_that_does_not_serve_json_says_so(server):
    server.play(Play((b"Forbidden",), status=403, media="text/plain"))
    end = answered(server, search(1))
    assert isinstance(end, Fault)
    assert (end.code, end.transient) == ("engine-unauthorised", False)
