"""Search by words, by both, and within `meta`, through the engine as a run asks it."""

import asyncio

import numpy as np
import pytest

from executors.collections import Collections
from executors.engines.engine import Done, Fault, Request
from executors.engines.faiss_index import FaissIndex
from executors.fusion import fuse
from tests.executors.engines.contract import answers

COLOURS = ("red", "green", "blue")
DOCS = [
    {
        "id": f"doc-{at:02}",
        "text": f"The {COLOURS[at % 3]} house, number {at}" + (" by the mill" * (at % 4)),
        "meta": {"colour": COLOURS[at % 3], "number": at, "tags": [at % 2, {"deep": at % 5 == 0}]}
        | ({"note": None} if at % 7 == 0 else {"note": "kept"}),
    }
    for at in range(60)
]
VECTORS = np.random.default_rng(1).normal(size=(60, 8)).astype(np.float32)
QUERY = "the red mill"


@pytest.fixture
def collections():
    opened = Collections(None)
    yield opened
    opened.close()


@pytest.fixture
def index(collections):
    return collections.add("local", "notes", "run", DOCS, VECTORS, "model")


def asked(index: dict, id: int = 1, **more) -> Request:
    args = {
        "index": index, "vectors": VECTORS[:1], "queries": [QUERY], "top_k": 9, "by": "vector",
        "where": None,
    }  # fmt: skip
    return Request(id, "search", args | more, "run", "local")


def ends(collections: Collections, *requests: Request) -> list[Done | Fault]:
    async def whole() -> list[Done | Fault]:
        engine = FaissIndex(collections, "model")
        await engine.start()
        found = await answers(engine, *requests)
        await engine.stop()
        return [found[request.id] for request in requests]

    return asyncio.run(whole())


def hits(collections: Collections, request: Request) -> list[dict]:
    (end,) = ends(collections, request)
    assert isinstance(end, Done), end
    (docs,) = end.outputs["docs"]
    return docs


def ids(docs: list[dict]) -> list[str]:
    return [doc["id"] for doc in docs]


@pytest.mark.parametrize("top_k", [1, 5, 60, 1000])
@pytest.mark.parametrize("where", [None, {"colour": "red"}])
def test_search_by_both_is_the_two_searches_merged(collections, index, top_k, where):
    one_by_one = [
        hits(collections, asked(index, by=by, top_k=top_k, where=where))
        for by in ("vector", "lexical")
    ]
    both = hits(collections, asked(index, by="hybrid", top_k=top_k, where=where))
    assert both == fuse(one_by_one, "rrf", 60, top_k)
    assert len(both) == min(top_k, 60 if where is None else 20)


@pytest.mark.parametrize("by", ["vector", "lexical", "hybrid"])
@pytest.mark.parametrize(
    "where",
    [
        {"colour": "red"},
        {"colour": "red", "number": 21},
        {"number": 21.0},
        {"number": True},
        {"number": "21"},
        {"tags": [1, {"deep": True}]},
        {"tags": [True, {"deep": True}]},
        {"note": None},
        {"note": None, "colour": "blue"},
        {"unheard-of": None},
        {"unheard-of": 1},
        {},
    ],
)
def test_only_documents_whose_meta_has_the_values_are_found(collections, index, by, where):
    def fits(doc: dict) -> bool:
        return all(
            doc["meta"].get(key) == value
            and isinstance(doc["meta"].get(key), bool) == isinstance(value, bool)
            for key, value in where.items()
            if key != "tags"
        ) and ("tags" not in where or repr(doc["meta"]["tags"]) == repr(where["tags"]))

    wanted = {doc["id"] for doc in DOCS if fits(doc)}
    found = hits(collections, asked(index, by=by, where=where, top_k=60))
    assert set(ids(found)) == wanted


@pytest.mark.parametrize("by", ["vector", "lexical"])
def test_a_condition_comes_before_the_best_are_chosen(collections, index, by):
    everything = hits(collections, asked(index, by=by, top_k=60))
    blue = [doc for doc in everything if doc["meta"]["colour"] == "blue"]
    assert hits(collections, asked(index, by=by, top_k=3, where={"colour": "blue"})) == blue[:3]
    assert blue[:3] != [doc for doc in everything[:3] if doc in blue]


@pytest.mark.parametrize("by", ["vector", "lexical", "hybrid"])
@pytest.mark.parametrize("where", [None, {"colour": "red"}])
def test_a_removed_document_is_found_by_the_versions_that_had_it(collections, index, by, where):
    request = asked(index, by=by, where=where, top_k=60)
    before = hits(collections, request)
    gone = before[0]["id"]
    collections.remove("local", "notes", [gone])
    after = collections.open("local", "notes")
    assert hits(collections, request) == before
    found = hits(collections, asked(after, by=by, where=where, top_k=60))
    assert set(ids(found)) == set(ids(before)) - {gone}
    again = collections.add("local", "notes", "run", DOCS, VECTORS, "model")
    assert set(ids(hits(collections, asked(again, by=by, where=where, top_k=60)))) == set(
        ids(before)
    )


@pytest.mark.parametrize("by", ["vector", "lexical", "hybrid"])
@pytest.mark.parametrize("where", [None, {"colour": "red"}])
def test_an_empty_collection_gives_nothing(collections, by, where):
    empty = collections.add("local", "empty", "run", [], np.zeros((0, 0), np.float32))
    assert hits(collections, asked(empty, by=by, where=where)) == []


def test_a_query_of_unknown_words_leaves_search_by_both_to_the_vectors(collections, index):
    both = hits(collections, asked(index, by="hybrid", queries=["unheard"]))
    assert ids(both) == ids(hits(collections, asked(index)))


def test_several_queries_of_one_request_are_answered_in_order(collections, index):
    queries = ["green", "unheard", "mill"]
    request = asked(index, by="hybrid", queries=queries, vectors=VECTORS[:3])
    (end,) = ends(collections, request)
    alone = [
        hits(collections, asked(index, by="hybrid", queries=[text], vectors=VECTORS[at : at + 1]))
        for at, text in enumerate(queries)
    ]
    assert end.outputs["docs"] == alone


@pytest.mark.parametrize("by", ["vector", "lexical", "hybrid"])
def test_a_deleted_collection_is_gone_for_every_search(collections, index, by):
    collections.delete("local", "notes")
    (end,) = ends(collections, asked(index, by=by, where={"colour": "red"}))
    assert (end.code, end.transient) == ("stale-index", False)


def test_a_condition_on_another_tenants_collection_opens_nothing(collections, index):
    request = asked(index, where={"colour": "red"})
    theirs = Request(1, "search", request.args, "run", "other")
    (end,) = ends(collections, theirs)
    assert end.code == "stale-index"
