"""What servers of each kind are asked under the contract, those of a test as well as real ones."""

from typing import Any

from executors.engines.engine import Request
from tests.executors.engines.contract import EngineContract
from tests.executors.engines.openai_calls import decode

MEAL = {"id": "m", "text": "Someone eats a meal.", "meta": {"page": 3}}
STOCKS = {"id": "s", "text": "Stock markets fell sharply.", "score": 9.0}
FOOD = {"id": "f", "text": "A man is eating food."}
DOCS = [STOCKS, MEAL, FOOD]


def rerank(id: int, query: object = "a man is eating", docs: Any = DOCS, **args: Any) -> Request:
    return Request(id, "rerank", {"query": query, "docs": docs, **args}, "run", "local")


def embed(id: int, *texts: object) -> Request:
    return Request(id, "embed", {"texts": list(texts)}, "run", "local")


class Chats(EngineContract):
    def good(self) -> list[Request]:
        history = [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}]
        return [
            decode(1),
            decode(2, "Two", system="Be brief.", max_tokens=3, stop=["x"], seed=7),
            decode(3, None, messages=[*history, {"role": "user", "content": "3"}]),
            decode(4, tools=["search"]),
        ]

    def bad(self) -> list[Request]:
        return [
            decode(1, None),
            decode(2, 7),
            decode(3, "half a pair: \ud800"),
            decode(4, temperature=float("nan")),
            decode(5, temperature=True),
            decode(6, temperature=2.5),
            decode(7, max_tokens=0),
            decode(8, max_tokens=1.0),
            decode(9, stop=[""]),
            decode(10, stop="word"),
            decode(11, seed=2**63),
            decode(12, messages=[{"role": "root", "content": "x"}]),
            decode(13, messages="x"),
            decode(14, tools=["unheard of"]),
            Request(15, "prefill", {"prompt": "x"}, "run", "local"),
            Request(16, "embed", {"texts": []}, "run", "local"),
        ]


class Embeds(EngineContract):
    def good(self) -> list[Request]:
        doc = {"id": "1", "text": "A passage.", "meta": {}}
        return [embed(1, "one", "two"), embed(2, doc, ""), embed(3)]

    def bad(self) -> list[Request]:
        return [
            embed(1, 7),
            embed(2, {"id": "no text"}),
            embed(3, "half a pair: \ud800"),
            Request(4, "embed", {"texts": "not a list"}, "run", "local"),
            Request(5, "embed", {}, "run", "local"),
            Request(6, "search", {"texts": []}, "run", "local"),
        ]


class Reranks(EngineContract):
    def good(self) -> list[Request]:
        return [rerank(1), rerank(2, top_k=1), rerank(3, docs=[]), rerank(4, "fell", top_k=None)]

    def bad(self) -> list[Request]:
        return [
            rerank(1, None),
            rerank(2, "half a pair: \ud800"),
            rerank(3, docs="x"),
            rerank(4, docs=["only text"]),
            rerank(5, docs=[{"text": "no id"}]),
            rerank(6, docs=[{"id": "no text"}]),
            rerank(7, top_k=0),
            rerank(8, top_k=True),
            Request(9, "embed", {"texts": []}, "run", "local"),
        ]
