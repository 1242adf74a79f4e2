"""Health, engines and collections over HTTP."""

import numpy as np
import pytest

from tests.api.houses import client_of, problem_of

pytestmark = pytest.mark.anyio


async def test_a_service_is_alive_and_ready(client):
    assert (await client.get("/healthz")).json()["status"] == "ok"
    ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert {check["name"]: check["ok"] for check in ready.json()["checks"]} == {
        "accepting": True,
        "data": True,
    }


async def test_a_service_that_is_closing_is_alive_and_not_ready(make_house):
    house = make_house()
    async with client_of(house) as client:
        house.drain()
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "not-ready")
        assert (await client.get("/healthz")).status_code == 200


async def test_pools_are_shown_with_their_engines(client):
    pools = {pool["name"]: pool for pool in (await client.get("/v1/engines")).json()["items"]}
    assert list(pools) == ["inline", "embedding", "vector", "llm", "rerank"]
    llm = pools["llm"]
    assert (llm["kind"], llm["engine"], llm["replicas"], llm["slots"]) == ("llm", "scripted", 1, 1)
    assert (llm["busy"], llm["waiting"], llm["limits"]["queue_max"]) == (0, 0, 99)
    assert llm["traits"]["streams"]
    assert (await client.get("/v1/engines/llm")).json() == llm


async def test_collections_are_listed_read_and_deleted(make_house):
    house = make_house()
    doc = {"id": "d1", "text": "words", "meta": {}}
    house.collections.add("local", "notes", "run_1", [doc], np.ones((1, 3), np.float32))
    house.collections.add("other", "theirs", "run_2", [doc], np.ones((1, 3), np.float32))
    async with client_of(house) as client:
        (line,) = (await client.get("/v1/collections")).json()["items"]
        assert (line["name"], line["documents"], line["dimension"]) == ("notes", 1, 3)
        assert (await client.get("/v1/collections/notes")).json() == line
        problem_of(await client.get("/v1/collections/theirs"), 404, "unknown-collection")
        path = "/v1/collections/notes/documents"
        assert (await client.delete(f"{path}/none")).json() == line
        shrunk = (await client.delete(f"{path}/{doc['id']}")).json()
        assert (shrunk["documents"], shrunk["version"]) == (0, line["version"] + 1)
        problem_of(
            await client.delete("/v1/collections/theirs/documents/d"), 404, "unknown-collection"
        )
        assert (await client.delete("/v1/collections/notes")).status_code == 204
        problem_of(await client.get("/v1/collections/notes"), 404, "unknown-collection")


async def test_storage_that_fails_is_said_to_be_so_without_its_place(make_house):
    house = make_house()
    async with client_of(house) as client:
        house.collections.close()
        answer = await client.get("/v1/collections")
        problem_of(answer, 503, "storage-failed")
        assert "sqlite" not in answer.text
        assert str(house.settings.data) not in answer.text
        assert (await client.get("/healthz")).status_code == 200
