"""Embeddings over HTTP: the contract, the wire, and answers that do not fit the question."""

import asyncio
from typing import Any

import numpy as np
import pytest

from executors.engines.engine import Done, Engine, Fault, Request
from executors.engines.http_client import Endpoint
from executors.engines.openai_embeddings import OpenAIEmbeddings
from tests.executors.engines.contract import answers
from tests.executors.engines.openai_server import (
    DIMENSION,
    LocalServer,
    Play,
    Seen,
    embeddings,
    vector,
)
from tests.executors.engines.server_contracts import Embeds, embed


def answered(url: str, *requests: Request, dimension: int | None = None) -> dict[int, Done | Fault]:
    async def scenario() -> dict[int, Done | Fault]:
        engine = OpenAIEmbeddings(Endpoint(url), "e", dimension=dimension)
        try:
            await engine.start()
            return await answers(engine, *requests)
        finally:
            await engine.stop()

    return asyncio.run(scenario())


class TestOpenAIEmbeddings(Embeds):
    @pytest.fixture(autouse=True)
    def with_a_server(self, server: LocalServer) -> None:
        self.server = server

    def make(self) -> Engine:
        return OpenAIEmbeddings(Endpoint(self.server.url), "e", dimension=DIMENSION)


def test_a_batch_is_one_exchange_and_each_request_has_its_rows(server):
    found = answered(server.url, embed(1, "a b", "c"), embed(2, "d e f"))
    (seen,) = server.seen
    assert seen.path == "/v1/embeddings"
    assert seen.body == {"model": "e", "input": ["a b", "c", "d e f"], "encoding_format": "float"}
    rows = [found[1].outputs["vectors"], found[2].outputs["vectors"]]
    assert [each.dtype for each in rows] == [np.float32, np.float32]
    assert np.allclose(rows[0], [vector("a b"), vector("c")])
    assert np.allclose(rows[1], [vector("d e f")])
    assert sum(each.usage.tokens_in for each in found.values()) == 6


def test_no_texts_are_not_asked_about(server):
    found = answered(server.url, embed(1), dimension=DIMENSION)
    assert found[1].outputs["vectors"].shape == (0, DIMENSION)
    assert server.seen == []


def changed(change: Any) -> Any:
    def play(seen: Seen) -> Play:
        answer = embeddings(seen.body)
        return Play.of(change(answer) or answer)

    return play


def test_rows_in_another_order_are_put_where_they_belong(server):
    server.play(changed(lambda answer: answer["data"].reverse()))
    found = answered(server.url, embed(1, "a", "b", "c"))
    assert np.allclose(found[1].outputs["vectors"], [vector(each) for each in "abc"])


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: answer["data"].pop() and None,
        lambda answer: answer["data"].append({"index": 3, "embedding": [0.0] * DIMENSION}),
        lambda answer: answer["data"].append(answer["data"][0]),
        lambda answer: answer["data"][0].update(index=1),
        lambda answer: answer["data"][0].update(index=7),
        lambda answer: answer["data"][0].update(index=True),
        lambda answer: answer["data"][0].pop("index"),
        lambda answer: answer["data"][0].update(embedding=[0.0] * (DIMENSION - 1)),
        lambda answer: [row.update(embedding=[0.0]) for row in answer["data"]] and None,
        lambda answer: [row.update(embedding=[]) for row in answer["data"]] and None,
        lambda answer: answer["data"][0].update(embedding="AAAA"),
        lambda answer: answer["data"][0].update(embedding=["x"] * DIMENSION),
        lambda answer: answer["data"][0].update(embedding=[1e300] * DIMENSION),
        lambda answer: answer["data"][0].update(embedding=[[0.0]] * DIMENSION),
        lambda answer: {"data": "x"},
        lambda answer: {"data": [1, 2, 3]},
        lambda answer: {"rows": answer["data"]},
        lambda answer: ["x"],
    ],
)
def test_anything_but_one_vector_for_each_text_is_a_bad_reply(server, change):
    server.play(changed(change))
    end = answered(server.url, embed(1, "a", "b", "c"), dimension=DIMENSION)[1]
    assert isinstance(end, Fault)
    assert end.code == "bad-reply"


def test_what_json_cannot_hold_is_a_bad_reply(server):
    server.play(Play((b'{"data": [{"index": 0, "embedding": [NaN, 1.0]}]}',)))
    end = answered(server.url, embed(1, "a"))[1]
    assert isinstance(end, Fault)
    assert end.code == "bad-reply"


def test_the_first_vector_says_how_long_all_are(server):
    async def scenario() -> None:
        engine = OpenAIEmbeddings(Endpoint(server.url), "e")
        await engine.start()
        await answers(engine, embed(1, "a"))
        server.play(Play.of({"data": [{"index": 0, "embedding": [0.5]}]}))
        end = (await answers(engine, embed(1, "a")))[1]
        assert isinstance(end, Fault)
        assert "1 numbers, not 8" in end.detail
        await engine.stop()

    asyncio.run(scenario())


def test_a_request_that_the_server_refuses_does_not_spoil_its_neighbours(server):
    def choosy(seen: Seen) -> Play:
        if "too long" in seen.body["input"]:
            return Play.of({"error": {"message": "maximum context length is 3"}}, status=400)
        return Play.of(embeddings(seen.body))

    server.play(*[choosy] * 4)
    found = answered(server.url, embed(1, "a"), embed(2, "too long"), embed(3, "b"))
    assert isinstance(found[1], Done)
    assert isinstance(found[2], Fault)
    assert found[2].code == "context-overflow"
    assert isinstance(found[3], Done)


def test_a_passing_fault_is_that_of_every_request_and_nothing_is_asked_again(server):
    server.play(Play.of({}, status=503))
    found = answered(server.url, embed(1, "a"), embed(2, "b"))
    ends = [(each.code, each.transient) for each in found.values() if isinstance(each, Fault)]
    assert ends == [("engine-unavailable", True)] * 2
    assert len(server.seen) == 1
