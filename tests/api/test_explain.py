"""Runs explained: over HTTP, as JSON and as text, and by `teola explain`."""

import pytest

from tests.api.houses import GREETING, SAY, client_of, finished, problem_of, put, stalls

pytestmark = pytest.mark.anyio


async def ran(client, workflow, page, inputs):
    await put(client, workflow, page)
    started = await client.post("/v1/runs", json={"workflow": workflow, "inputs": inputs})
    return (await finished(client, started.json()["id"]))["id"]


async def test_causes_add_up_to_the_time_of_the_run(client):
    run = await ran(client, "greeting", GREETING, {"name": "Ada"})
    found = (await client.get(f"/v1/runs/{run}/explain")).json()
    assert (found["run"], found["status"]) == (run, "succeeded")
    assert sum(found["causes"].values()) == pytest.approx(found["duration_ms"], abs=0.02)
    assert found["path"] == [each["primitive"] for each in found["work"] if each["critical"]]
    assert found["path"][-1] == "output:greeting"
    assert found["estimate_ms"] > 0
    assert found["lower_ms"] > 0
    for each in found["work"]:
        assert each["estimate_ms"] is not None
        took = each["queue_ms"] + each["batch_ms"] + each["execution_ms"]
        assert each["ready_ms"] + took == pytest.approx(each["done_ms"], abs=0.2)


async def test_as_text_the_critical_path_is_marked(client):
    run = await ran(client, "greeting", GREETING, {"name": "Ada"})
    answer = await client.get(f"/v1/runs/{run}/explain?format=text")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert lines[0].startswith(f"{run} succeeded after ")
    assert [line for line in lines if line.startswith("* output:greeting ")]
    assert [line for line in lines if line.endswith("decided, laid out, told")]


async def test_a_run_that_goes_on_is_not_explained_yet(make_house):
    async with client_of(make_house(stalls)) as client:
        await put(client, "say", SAY)
        started = await client.post("/v1/runs", json={"workflow": "say", "inputs": {"words": "x"}})
        answer = await client.get(f"/v1/runs/{started.json()['id']}/explain")
        problem_of(answer, 409, "not-finished")


async def test_a_run_that_is_not_there_and_a_form_that_is_none(client):
    problem_of(await client.get("/v1/runs/nothing/explain"), 404, "not-found")
    run = await ran(client, "greeting", GREETING, {"name": "Ada"})
    problem_of(await client.get(f"/v1/runs/{run}/explain?format=svg"), 422, "invalid-parameter")


async def test_a_run_that_failed_is_explained_as_far_as_it_came(make_house):
    async with client_of(make_house(stalls)) as client:
        await put(client, "say", SAY)
        started = await client.post("/v1/runs", json={"workflow": "say", "inputs": {"words": "x"}})
        run = started.json()["id"]
        await client.post(f"/v1/runs/{run}/cancel")
        await finished(client, run)
        found = (await client.get(f"/v1/runs/{run}/explain")).json()
        assert found["status"] == "cancelled"
        assert found["causes"]["scheduler"] == pytest.approx(found["duration_ms"], abs=0.02)
