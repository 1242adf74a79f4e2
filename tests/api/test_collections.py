"""Collections over HTTP and in workflows: index once, ask often, delete, and what fails."""

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from api.house import House
from executors.engines.engine import Request
from executors.engines.scripted import Behaviour, Scripted
from executors.fusion import fuse
from tests.api.houses import an_indexing_house, at_once, client_of, finished, problem_of, put

pytestmark = pytest.mark.anyio
KEEP = """\
workflow: keep
inputs: {docs: "doc[]"}
steps:
  kept: {use: index, name: notes, chunks: $inputs.docs}
outputs: {count: $len(inputs.docs)}
"""
FIND = """\
workflow: find
inputs: {query: string, by: {type: string, default: vector}, where: object?}
steps:
  kept: {use: index, name: notes}
  hits:
    use: search
    index: $kept
    query: $inputs.query
    by: $inputs.by
    where: $inputs.where
    after: [kept]
outputs: {docs: $hits.docs}
"""
TEXTS = ("the old mill", "the new tower", "a bridge by the mill")
DOCS = [
    {"id": f"d{at}", "text": text, "meta": {"even": at % 2 == 0}} for at, text in enumerate(TEXTS)
]


def a_house(
    folder: Path, behave: Callable[[Request], Behaviour] = at_once, model: str = "scripted"
) -> House:
    return an_indexing_house(folder, Scripted("embedding", behave), model)


async def run(client: httpx.AsyncClient, workflow: str, **inputs: Any) -> dict[str, Any]:
    answer = await client.post("/v1/runs", json={"workflow": workflow, "inputs": inputs})
    assert answer.status_code == 202, answer.text
    return await finished(client, answer.json()["id"])


async def stocked(client: httpx.AsyncClient) -> None:
    await put(client, "keep", KEEP)
    await put(client, "find", FIND)
    assert (await run(client, "keep", docs=DOCS))["status"] == "succeeded"


async def found(client: httpx.AsyncClient, query: str, **inputs: Any) -> list[str]:
    done = await run(client, "find", query=query, **inputs)
    assert done["status"] == "succeeded", done
    return [doc["id"] for doc in done["outputs"]["docs"]]


async def test_what_is_indexed_once_is_asked_often_in_every_way(tmp_path):
    async with client_of(a_house(tmp_path)) as client:
        await stocked(client)
        assert await found(client, "the mill", by="lexical") == ["d0", "d2", "d1"]
        assert await found(client, "tower", by="lexical") == ["d1"]
        assert await found(client, "tower", by="lexical", where={"even": True}) == []
        assert sorted(await found(client, "tower")) == ["d0", "d1", "d2"]
        assert sorted(await found(client, "tower", where={"even": True})) == ["d0", "d2"]
        lists = [
            (await run(client, "find", query="new mill", by=by))["outputs"]["docs"]
            for by in ("vector", "lexical", "hybrid")
        ]
        assert lists[2] == fuse(lists[:2], top_k=10)


async def test_the_same_content_twice_is_one_document_and_another_restart_changes_nothing(tmp_path):
    async with client_of(a_house(tmp_path)) as client:
        await stocked(client)
        before = (await client.get("/v1/collections/notes")).json()
        await run(client, "keep", docs=[*DOCS, DOCS[0]])
        assert (await client.get("/v1/collections/notes")).json() == before
        hits = await found(client, "the mill", by="hybrid")
    async with client_of(a_house(tmp_path)) as client:
        assert (await client.get("/v1/collections/notes")).json() == before
        await put(client, "find", FIND)
        assert await found(client, "the mill", by="hybrid") == hits


async def test_collections_are_listed_read_and_deleted(tmp_path):
    house = a_house(tmp_path)
    one = np.ones((1, 3), np.float32)
    house.collections.add("other", "theirs", "run_2", DOCS[:1], one)
    async with client_of(house) as client:
        await stocked(client)
        (line,) = (await client.get("/v1/collections")).json()["items"]
        assert (line["name"], line["documents"], line["version"]) == ("notes", 3, 1)
        assert (line["dimension"], line["model"]) == (8, "scripted")
        assert (await client.get("/v1/collections/notes")).json() == line
        assert (await client.delete("/v1/collections/notes")).status_code == 204
        for method, name in (("GET", "notes"), ("GET", "theirs"), ("DELETE", "theirs")):
            for path in (name, f"{name}/documents"):
                if (method, path) != ("DELETE", "theirs/documents"):
                    answer = await client.request(method, f"/v1/collections/{path}")
                    problem_of(answer, 404, "unknown-collection")


async def test_documents_are_taken_out_one_by_one(tmp_path):
    url = "https://example.org/a page?b=c"
    async with client_of(a_house(tmp_path)) as client:
        await stocked(client)
        await run(client, "keep", docs=[{"id": url, "text": "from the web", "meta": {}}])
        line = (await client.get("/v1/collections/notes")).json()
        path = "/v1/collections/notes/documents"
        assert (await client.delete(f"{path}/none")).json() == line
        assert (await client.delete(f"{path}/d0")).json()["version"] == line["version"] + 1
        quoted = url.replace("/", "%2F").replace(" ", "%20").replace("?", "%3F")
        shrunk = (await client.delete(f"{path}/{quoted}")).json()
        assert (shrunk["documents"], shrunk["version"]) == (2, line["version"] + 2)
        assert await found(client, "mill web", by="lexical") == ["d2"]
        answer = await client.delete("/v1/collections/theirs/documents/d")
        problem_of(answer, 404, "unknown-collection")


async def test_documents_are_paged_through(tmp_path):
    path = "/v1/collections/notes/documents"
    async with client_of(a_house(tmp_path)) as client:
        await stocked(client)
        first = (await client.get(path, params={"limit": 2})).json()
        assert first["items"] == DOCS[:2]
        rest = (await client.get(path, params={"cursor": first["next_cursor"]})).json()
        assert rest == {"items": DOCS[2:], "next_cursor": None}
        problem_of(await client.get(path, params={"cursor": "x"}), 400, "bad-cursor")
        problem_of(await client.get(path, params={"limit": 0}), 422, "invalid-parameter")


@pytest.mark.parametrize("by", ["vector", "lexical", "hybrid"])
async def test_a_collection_deleted_while_a_run_is_about_to_search_it_fails_the_run(tmp_path, by):
    doomed: list[House] = []

    def delete_first(request: Request) -> Behaviour:
        if request.args["texts"] == ["the mill"]:
            doomed.pop().collections.delete("local", "notes")
        return Behaviour()

    house = a_house(tmp_path, delete_first)
    async with client_of(house) as client:
        await stocked(client)
        doomed.append(house)
        done = await run(client, "find", query="the mill", by=by)
        assert (done["status"], done["problem"]["code"]) == ("failed", "stale-index")
        assert (done["problem"]["step"], done["problem"]["line"]) == ("hits", 5)
        assert "Version 1 of notes is gone" in done["problem"]["detail"]


async def test_vectors_of_another_model_fail_the_run_and_say_both_names(tmp_path):
    async with client_of(a_house(tmp_path)) as client:
        await stocked(client)
    async with client_of(a_house(tmp_path, model="another")) as client:
        await put(client, "keep", KEEP)
        await put(client, "find", FIND)
        more = [{"id": "new", "text": "new", "meta": {}}]
        for done in (
            await run(client, "keep", docs=more),
            await run(client, "find", query="the mill"),
            await run(client, "find", query="the mill", by="hybrid"),
        ):
            assert (done["status"], done["problem"]["code"]) == ("failed", "wrong-model")
            assert "Vectors of another" in done["problem"]["detail"]
            assert "those of scripted" in done["problem"]["detail"]
        assert (await client.get("/v1/collections/notes")).json()["documents"] == 3


async def test_a_full_disk_fails_the_run_and_leaves_the_collection_as_it_was(tmp_path):
    async with client_of(a_house(tmp_path)) as client:
        await stocked(client)
        before = (await client.get("/v1/collections/notes")).json()
        used = max(file.stat().st_size for file in tmp_path.rglob("*.sqlite3*"))
        more = [{"id": f"{at}", "text": "word " * 1000, "meta": {}} for at in range(200)]
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (used, limits[1]))
        try:
            done = await run(client, "keep", docs=more)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert (done["status"], done["problem"]["code"]) == ("failed", "storage-failed")
        assert (await client.get("/v1/collections/notes")).json() == before
        assert len(await found(client, "the mill", by="hybrid")) == 3
        assert (await run(client, "keep", docs=more))["status"] == "succeeded"


async def test_a_way_that_nobody_knows_fails_the_run(tmp_path):
    async with client_of(a_house(tmp_path)) as client:
        await stocked(client)
        done = await run(client, "find", query="q", by="magic")
        assert (done["problem"]["code"], done["problem"]["step"]) == ("bad-value", "hits")
        assert "vector, lexical, hybrid" in done["problem"]["detail"]
