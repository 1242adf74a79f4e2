"""Vector search with real FAISS, against a search by hand in double precision."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from executors.collection import CollectionLimits
from executors.collections import Collections
from executors.engines.engine import Done, Engine, Fault, Request
from executors.engines.faiss_index import FaissIndex
from executors.engines.index_cache import IndexCache
from executors.engines.index_request import WHERE_MAX
from tests.executors.engines.contract import EngineContract, answers

DIMENSION = 24
MODEL = "the-model"


def a_doc(id: str) -> dict:
    return {"id": id, "text": f"text of {id}", "position": 0, "meta": {}}


def unit(rows: int, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(rows, DIMENSION)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def ingest(id: int, chunks: object, vectors: object, name: object = None) -> Request:
    args = {"chunks": chunks, "vectors": vectors, "name": name}
    return Request(id, "ingest", args, "run", "local")


def search(id: int, index: object, vectors: object, top_k: object = 5, **more) -> Request:
    args = {"index": index, "vectors": vectors, "top_k": top_k} | more
    return Request(id, "search", args, "run", "local")


def by_hand(docs: list[dict], vectors: np.ndarray, query: np.ndarray, top_k: int) -> list[dict]:
    scores = np.round((vectors.astype(np.float64) * query.astype(np.float64)).sum(axis=1), 5)
    scored = [{**doc, "score": float(score)} for doc, score in zip(docs, scores, strict=True)]
    return sorted(scored, key=lambda doc: (-doc["score"], doc["id"]))[:top_k]


class TestFaissIndex(EngineContract):
    def make(self) -> Engine:
        self.collections = Collections(None)
        docs = [a_doc(f"doc-{at}") for at in range(50)]
        args = ("local", "notes", "run", docs, unit(50), MODEL)
        self.token = self.collections.add(*args)
        args = ("local", "foreign", "run", docs[:1], unit(1), "another-model")
        self.foreign = self.collections.add(*args)
        return FaissIndex(self.collections, MODEL)

    def good(self) -> list[Request]:
        return [
            ingest(1, [a_doc("doc-1")], unit(1), "notes"),
            ingest(2, None, None, "notes"),
            search(3, self.token, unit(3, seed=1)),
            search(4, self.token, unit(1, seed=2), top_k=60),
            search(5, self.token, unit(0)),
            search(6, self.token, None, queries=["text of doc-7"], by="lexical"),
            search(7, self.token, unit(2), queries=["doc-7", ""], by="hybrid"),
            search(8, self.token, unit(1), where={"kind": "note"}),
        ]

    def bad(self) -> list[Request]:
        return [
            ingest(1, None, None, "unknown"),
            ingest(1, None, None),
            ingest(1, [a_doc("a")], unit(2)),
            ingest(1, [a_doc("a")], unit(1).astype(np.float64)),
            ingest(1, [a_doc("a")], [[0.5] * DIMENSION]),
            ingest(1, [a_doc("a")], np.full((1, DIMENSION), np.nan, dtype=np.float32)),
            ingest(1, [a_doc("a")], unit(1), "Bad Name"),
            ingest(1, [a_doc("half a pair \ud800")], unit(1), "notes"),
            ingest(1, [{"text": "no id"}], unit(1)),
            ingest(1, "not a list", unit(1)),
            search(1, self.token, unit(1), top_k=0),
            search(1, self.token, unit(1), top_k=True),
            search(1, self.token, unit(1)[:, :3]),
            search(1, {**self.token, "generation": "old"}, unit(1)),
            search(1, "notes", unit(1)),
            replace(search(1, self.token, unit(1)), tenant="other"),
            search(1, self.token, unit(1), by="chance"),
            search(1, self.token, None, by="lexical"),
            search(1, self.token, None, queries=[3], by="lexical"),
            search(1, self.token, unit(1), queries=["a", "b"], by="hybrid"),
            search(1, self.token, None, queries=["a"], by="hybrid"),
            search(1, self.token, unit(1), where="kind"),
            search(1, self.token, unit(1), where={f"{at}": at for at in range(WHERE_MAX + 1)}),
            search(1, self.foreign, unit(1)),
            ingest(1, [a_doc("b")], unit(1), "foreign"),
            replace(search(1, self.token, unit(1)), op="embed"),
        ]

    def teardown_method(self) -> None:
        self.collections.close()


def with_engine(scenario, folder=None, kept=None, **limits) -> None:
    async def whole() -> None:
        collections = Collections(folder, kept)
        engine = FaissIndex(collections, MODEL, **limits)
        try:
            await engine.start()
            await scenario(engine, collections)
        finally:
            await engine.stop()
            collections.close()

    asyncio.run(whole())


async def outcome(engine: Engine, request: Request) -> Done | Fault:
    return (await answers(engine, request))[request.id]


async def index_of(engine: Engine, docs: list[dict], vectors: np.ndarray, name=None) -> dict:
    done = await outcome(engine, ingest(1, docs, vectors, name))
    assert isinstance(done, Done)
    return done.outputs["index"]


async def found(engine: Engine, index: dict, queries: np.ndarray, top_k: int = 5) -> list:
    done = await outcome(engine, search(1, index, queries, top_k))
    assert isinstance(done, Done), done
    return done.outputs["docs"]


def ids(docs: list[dict]) -> list[str]:
    return [doc["id"] for doc in docs]


def test_the_nearest_documents_are_those_found_by_hand():
    docs, vectors = [a_doc(f"doc-{at}") for at in range(500)], unit(500)
    queries = unit(40, seed=1)

    async def scenario(engine, collections):
        index = await index_of(engine, docs, vectors)
        for top_k in (1, 7, 499, 500, 900):
            hits = await found(engine, index, queries, top_k)
            assert hits == [by_hand(docs, vectors, query, top_k) for query in queries]

    with_engine(scenario)


def test_equal_scores_go_by_document_id_also_across_the_boundary():
    # Three distinct vectors, each shared by a hundred documents added in another order than by id.
    docs = [a_doc(f"doc-{at * 7919 % 300:03}") for at in range(300)]
    vectors = np.repeat(unit(3), 100, axis=0)
    queries = np.concatenate([unit(3), unit(2, seed=5)])

    async def scenario(engine, collections):
        index = await index_of(engine, docs, vectors)
        for top_k in (1, 3, 60, 100, 101, 250):
            hits = await found(engine, index, queries, top_k)
            assert hits == [by_hand(docs, vectors, query, top_k) for query in queries]

    with_engine(scenario)


def test_scores_that_differ_beyond_the_fifth_decimal_only_are_equal():
    near = np.repeat(unit(1), 64, axis=0)
    near[:, 0] += np.linspace(0, 2e-6, 64, dtype=np.float32)
    docs = [a_doc(f"doc-{99 - at}") for at in range(64)]

    async def scenario(engine, collections):
        index = await index_of(engine, docs, near)
        assert await found(engine, index, unit(1), 4) == [by_hand(docs, near, unit(1)[0], 4)]

    with_engine(scenario)


def test_a_search_sees_the_version_its_token_names():
    vectors = unit(6)

    async def scenario(engine, collections):
        one = await index_of(engine, [a_doc("a"), a_doc("b")], vectors[:2], "notes")
        two = await index_of(engine, [a_doc("c")], vectors[2:3], "notes")
        collections.remove("local", "notes", ["a"])
        three = collections.open("local", "notes")
        four = await index_of(engine, [a_doc("a")], vectors[3:4], "notes")
        expected = {1: ["a", "b"], 2: ["a", "b", "c"], 3: ["b", "c"], 4: ["a", "b", "c"]}
        for index in (four, one, three, two, four):
            (hits,) = await found(engine, index, vectors[:1], 9)
            assert sorted(ids(hits)) == expected[index["version"]]

    with_engine(scenario)


def test_what_was_removed_and_forgotten_is_not_found_by_an_older_cache():
    vectors = unit(3)

    async def scenario(engine, collections):
        one = await index_of(engine, [a_doc("a"), a_doc("b")], vectors[:2], "notes")
        assert len((await found(engine, one, vectors[:1]))[0]) == 2
        collections.remove("local", "notes", ["a"])
        two = await index_of(engine, [a_doc("c")], vectors[2:], "notes")
        (hits,) = await found(engine, two, vectors[:1])
        assert sorted(ids(hits)) == ["b", "c"]

    with_engine(scenario, kept=CollectionLimits(rows_max=2))


def test_a_restart_rebuilds_the_index_from_what_is_kept(tmp_path):
    docs, vectors = [a_doc(f"doc-{at}") for at in range(30)], unit(30)
    kept = {}

    async def before(engine, collections):
        kept["index"] = await index_of(engine, docs, vectors, "notes")
        kept["hits"] = await found(engine, kept["index"], unit(4, seed=1))

    async def after(engine, collections):
        assert await found(engine, kept["index"], unit(4, seed=1)) == kept["hits"]
        opened = await outcome(engine, ingest(1, None, None, "notes"))
        assert opened.outputs["index"] == kept["index"]

    with_engine(before, tmp_path)
    with_engine(after, tmp_path)


def test_more_indexes_than_are_kept_are_rebuilt_and_answer_alike():
    async def scenario(engine, collections):
        indexes = [
            await index_of(engine, [a_doc(f"{at}-{more}") for more in range(5)], unit(5, seed=at))
            for at in range(6)
        ]
        for _ in range(2):
            for at, index in enumerate(indexes):
                (hits,) = await found(engine, index, unit(1), 9)
                assert sorted(ids(hits)) == [f"{at}-{more}" for more in range(5)]

    with_engine(scenario, indexes_max=2)
    with_engine(scenario, bytes_max=1)


def test_the_cache_lets_go_of_the_least_recently_used():
    cache = IndexCache(indexes_max=2, bytes_max=2**20)
    first, second = cache.get("first"), cache.get("second")
    assert cache.get("first") is first
    cache.get("third")
    cache.trim()
    assert cache.get("first") is first
    assert cache.get("second") is not second


def test_an_empty_collection_gives_an_empty_list_per_vector():
    async def scenario(engine, collections):
        index = await index_of(engine, [], None)
        assert await found(engine, index, unit(2)) == [[], []]

    with_engine(scenario)


def test_faults_say_what_is_wrong():
    async def scenario(engine, collections):
        index = await index_of(engine, [a_doc("a")], unit(1), "notes")
        other = unit(1)[:, :5].copy()
        cases = {
            "unknown-collection": ingest(1, None, None, "nope"),
            "wrong-dimension": ingest(1, [a_doc("b")], other, "notes"),
            "bad-value": search(1, index, unit(1), "five"),
            "unsupported-op": replace(search(1, index, unit(1)), op="rerank"),
        }
        for code, request in cases.items():
            assert (await outcome(engine, request)).code == code
        assert (await outcome(engine, search(1, index, other))).code == "wrong-dimension"
        collections.delete("local", "notes")
        assert (await outcome(engine, search(1, index, unit(1)))).code == "stale-index"
        await index_of(engine, [a_doc("new")], unit(1), "notes")
        assert (await outcome(engine, search(1, index, unit(1)))).code == "stale-index"

    with_engine(scenario)


def test_vectors_of_another_model_are_refused_and_words_are_words():
    async def scenario(engine, collections):
        args = ("local", "theirs", "run", [a_doc("a")], unit(1))
        theirs = collections.add(*args, "another-model")
        for request in (ingest(1, [a_doc("b")], unit(1), "theirs"), search(1, theirs, unit(1))):
            fault = await outcome(engine, request)
            assert (fault.code, fault.transient) == ("wrong-model", False)
            said = "Vectors of the-model cannot be compared with those of another-model"
            assert said in fault.detail
        words = search(1, theirs, None, queries=["text"], by="lexical")
        assert ids((await outcome(engine, words)).outputs["docs"][0]) == ["a"]

    with_engine(scenario)


def test_where_no_model_is_known_only_the_length_of_vectors_tells():
    async def scenario(engine, collections):
        unsaid = collections.add("local", "unsaid", "run", [a_doc("a")], unit(1))
        assert len((await found(engine, unsaid, unit(1)))[0]) == 1
        await index_of(engine, [a_doc("b")], unit(1), "unsaid")
        assert collections.get("local", "unsaid").model is None

    with_engine(scenario)


def test_nothing_is_written_after_a_batch_was_cancelled():
    async def scenario() -> None:
        loop, begun = asyncio.get_running_loop(), asyncio.Event()

        def now() -> datetime:
            loop.call_soon_threadsafe(begun.set)
            return datetime.now(UTC)

        collections = Collections(None, now=now)
        engine = FaissIndex(collections)
        await engine.start()
        docs = [a_doc(f"doc-{at}") for at in range(2000)]
        requests = [ingest(at, docs, unit(2000), f"notes{at}") for at in range(8)]
        task = asyncio.create_task(answers(engine, *requests))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        seen = collections.list("local")
        assert 1 <= len(seen) < 8
        assert all(info.documents == 2000 for info in seen)
        await engine.stop()
        assert collections.list("local") == seen
        collections.close()

    asyncio.run(scenario())


def test_searches_beside_ingests_see_exactly_the_documents_of_their_version():
    collections = Collections(None)
    engine = FaissIndex(collections)
    asyncio.run(engine.start())
    writers, each, size = 4, 12, 40
    tokens: dict[int, set[str]] = {}
    told = threading.Condition()

    async def answer(request: Request) -> Done:
        done = (await answers(engine, request))[1]
        assert isinstance(done, Done), done
        return done

    def write(writer: int) -> None:
        for turn in range(each):
            docs = [a_doc(f"{writer}-{turn}-{at}") for at in range(size)]
            request = ingest(1, docs, unit(size, seed=100 * writer + turn), "notes")
            index = asyncio.run(answer(request)).outputs["index"]
            with told:
                tokens[index["version"]] = set(ids(docs))
                told.notify_all()

    def read(version: int) -> tuple[int, set[str]]:
        with told:
            told.wait_for(lambda: version in tokens)
        index = {**collections.open("local", "notes"), "version": version}
        (hits,) = asyncio.run(answer(search(1, index, unit(1), 10_000))).outputs["docs"]
        return version, set(ids(hits))

    versions = range(1, writers * each + 1)
    with ThreadPoolExecutor(12) as threads:
        written = [threads.submit(write, writer) for writer in range(writers)]
        read_once = list(threads.map(read, versions))
        for one in written:
            one.result()
    for version, seen in read_once + [read(version) for version in reversed(versions)]:
        assert seen == set().union(*(tokens[past] for past in range(1, version + 1)))
    asyncio.run(engine.stop())
    collections.close()
