"""Health and engines over HTTP."""

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


async def test_storage_that_fails_is_said_to_be_so_without_its_place(make_house):
    house = make_house()
    async with client_of(house) as client:
        house.collections.close()
        answer = await client.get("/v1/collections")
        problem_of(answer, 503, "storage-failed")
        assert "sqlite" not in answer.text
        assert str(house.settings.data) not in answer.text
        assert (await client.get("/healthz")).status_code == 200
