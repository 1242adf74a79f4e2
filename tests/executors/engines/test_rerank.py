"""Reranking, by a server and by the embedded stand-in: the contract, the order, and bad answers."""

import asyncio
from collections.abc import Iterator

import pytest

from executors.engines.embedded_rerank import EmbeddedRerank
from executors.engines.engine import Done, Engine, Fault
from executors.engines.http_client import Endpoint
from executors.engines.minilm import MiniLM
from executors.engines.openai_rerank import OpenAIRerank
from tests.executors.engines.contract import end_of
from tests.executors.engines.openai_server import LocalServer, Play, Seen, reranked
from tests.executors.engines.server_contracts import DOCS, FOOD, MEAL, Reranks, rerank


class TestOpenAIRerank(Reranks):
    @pytest.fixture(autouse=True)
    def with_a_server(self, server: LocalServer) -> None:
        self.server = server

    def make(self) -> Engine:
        return OpenAIRerank(Endpoint(self.server.url), "r")


class TestOpenAIRerankByScores(TestOpenAIRerank):
    def make(self) -> Engine:
        return OpenAIRerank(Endpoint(self.server.url), "r", api="score")


@pytest.fixture(scope="module")
def model() -> Iterator[MiniLM]:
    model = MiniLM()
    yield model
    asyncio.run(model.stop())


class TestEmbeddedRerank(Reranks):
    @pytest.fixture(autouse=True)
    def with_a_model(self, model: MiniLM) -> None:
        self.model = model

    def make(self) -> Engine:
        return EmbeddedRerank(self.model.embed)


# --- a server ---


def test_both_ways_to_ask_for_scores_give_the_same(server):
    by_rerank, by_score = (
        end_of(OpenAIRerank(Endpoint(server.url), "r", api=api), rerank(1))
        for api in ("rerank", "score")
    )
    assert by_rerank == by_score
    assert [seen.path for seen in server.seen] == ["/v1/rerank", "/v1/score"]
    assert server.seen[1].body == {
        "model": "r",
        "text_1": "a man is eating",
        "text_2": [doc["text"] for doc in DOCS],
    }


def test_all_scores_are_asked_for_and_the_best_are_kept(server):
    end = end_of(OpenAIRerank(Endpoint(server.url), "r"), rerank(1, top_k=2))
    assert isinstance(end, Done)
    texts = [doc["text"] for doc in DOCS]
    (seen,) = server.seen
    assert seen.path == "/v1/rerank"
    assert seen.body == {"model": "r", "query": "a man is eating", "documents": texts}
    assert end.outputs["docs"] == [{**FOOD, "score": 1.0}, {**MEAL, "score": 0.25}]
    assert end.usage.tokens_in == len(" ".join(["a man is eating", *texts]).split())


def test_scores_are_rounded_before_they_are_compared_and_ties_go_by_id(server):
    rows = [(0, 0.5), (1, 0.500001), (2, 0.50002)]
    results = [{"index": at, "relevance_score": score} for at, score in rows]
    server.play(Play.of({"results": results}))
    end = end_of(OpenAIRerank(Endpoint(server.url), "r"), rerank(1))
    assert isinstance(end, Done)
    found = [(doc["id"], doc["score"]) for doc in end.outputs["docs"]]
    assert found == [("f", 0.50002), ("m", 0.5), ("s", 0.5)]


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.pop(),
        lambda rows: rows.append(rows[0]),
        lambda rows: rows.append({"index": 3, "relevance_score": 0.1}),
        lambda rows: rows[0].update(index=rows[1]["index"]),
        lambda rows: rows[0].update(index=-1),
        lambda rows: rows[0].update(index="0"),
        lambda rows: rows[0].update(index=True),
        lambda rows: rows[0].update(relevance_score="high"),
        lambda rows: rows[0].update(relevance_score=None),
        lambda rows: rows[0].pop("relevance_score"),
        lambda rows: rows.append("x"),
    ],
)
def test_anything_but_one_score_for_each_doc_is_a_bad_reply(server, change):
    def play(seen: Seen) -> Play:
        answer = reranked(seen.body)
        change(answer["results"])
        return Play.of(answer)

    server.play(play)
    end = end_of(OpenAIRerank(Endpoint(server.url), "r"), rerank(1))
    assert isinstance(end, Fault)
    assert end.code == "bad-reply"


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"results": 1}', b"no json", b""])
def test_an_answer_without_results_is_a_bad_reply(server, body):
    server.play(Play((body,)))
    end = end_of(OpenAIRerank(Endpoint(server.url), "r"), rerank(1))
    assert isinstance(end, Fault)
    assert end.code == "bad-reply"


def test_a_server_that_is_busy_is_a_passing_fault(server):
    server.play(Play.of({}, status=429))
    end = end_of(OpenAIRerank(Endpoint(server.url), "r"), rerank(1))
    assert isinstance(end, Fault)
    assert (end.code, end.transient) == ("engine-busy", True)


# --- the embedded stand-in ---


def test_it_ranks_by_meaning_and_shared_words_and_says_what_it_is(model):
    engine = EmbeddedRerank(model.embed)
    end = end_of(engine, rerank(1))
    assert isinstance(end, Done)
    assert [doc["id"] for doc in end.outputs["docs"]] == ["f", "m", "s"]
    assert all(doc["score"] == round(doc["score"], 5) for doc in end.outputs["docs"])
    assert end.outputs["docs"][1]["meta"] == {"page": 3}
    assert "no cross-encoder" in engine.traits.model


def test_the_score_of_a_doc_does_not_depend_on_the_others(model):
    together = end_of(EmbeddedRerank(model.embed), rerank(1))
    assert isinstance(together, Done)
    for doc in together.outputs["docs"]:
        alone = end_of(EmbeddedRerank(model.embed), rerank(1, docs=[doc]))
        assert isinstance(alone, Done)
        assert alone.outputs["docs"][0]["score"] == doc["score"]


def test_a_doc_with_the_very_words_is_before_one_with_the_meaning_alone(model):
    docs = [
        {"id": "a", "text": "The charge for admission is four pounds."},
        {"id": "b", "text": "The entrance fee is four pounds."},
    ]
    end = end_of(EmbeddedRerank(model.embed), rerank(1, "entrance fee", docs))
    assert isinstance(end, Done)
    assert [doc["id"] for doc in end.outputs["docs"]] == ["b", "a"]
