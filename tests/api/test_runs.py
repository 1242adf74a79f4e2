"""Runs over HTTP: started three ways, listed, waited for, cancelled."""

import asyncio

import httpx
import pytest

from executors.engines.engine import Request
from executors.engines.scripted import Behaviour
from tests.api.houses import (
    ASK,
    GREETING,
    SAY,
    TEXT,
    YAML,
    client_of,
    finished,
    problem_of,
    put,
    stalls,
)

pytestmark = pytest.mark.anyio
INLINE = "spec:\n" + "".join(f"  {line}\n" for line in GREETING.splitlines())


async def test_a_run_is_accepted_and_found_where_the_answer_says(client: httpx.AsyncClient):
    await put(client, "greeting", GREETING)
    body = {"workflow": "greeting", "inputs": {"name": "Ada"}}
    started = await client.post("/v1/runs", json=body)
    assert started.status_code == 202
    run = started.json()
    assert started.headers["Location"] == f"/v1/runs/{run['id']}"
    ended = await finished(client, run["id"])
    assert (ended["status"], ended["outputs"]) == ("succeeded", {"greeting": "Hello, Ada."})
    assert ended["inputs"] == {"name": "Ada"}
    (step,) = ended["steps"]
    assert (step["id"], step["engine"], step["status"]) == ("line", "inline", "succeeded")
    assert ended["duration_ms"] > 0


async def test_waiting_gives_the_result_at_once(client):
    answer = await client.post(
        "/v1/runs", content=INLINE + "inputs: {name: Ada}\n", headers=YAML | {"Prefer": "wait=30"}
    )
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    assert answer.headers["Preference-Applied"] == "wait=30"
    assert answer.json()["workflow"] == "greeting"


async def test_waiting_for_a_run_that_goes_on_ends_with_what_there_is(make_house):
    async with client_of(make_house(stalls)) as client:
        await put(client, "say", SAY)
        body = {"workflow": "say", "inputs": {"words": "x"}}
        started = await client.post("/v1/runs", json=body, headers={"Prefer": "wait=0"})
        assert (started.status_code, started.json()["status"]) == (202, "running")
        found = await client.get(f"/v1/runs/{started.json()['id']}")
        assert (found.status_code, found.json()["status"]) == (202, "running")


async def test_whoever_waits_is_answered_when_the_run_ends(make_house):
    async with client_of(make_house(stalls)) as client:
        await put(client, "say", SAY)
        body = {"workflow": "say", "inputs": {"words": "x"}}
        run = (await client.post("/v1/runs", json=body)).json()["id"]
        waiting = asyncio.create_task(client.get(f"/v1/runs/{run}", params={"wait": 60}))
        await asyncio.sleep(0)
        await client.post(f"/v1/runs/{run}/cancel")
        answer = await waiting
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


async def test_a_question_about_uploaded_and_inline_files(client):
    await put(client, "ask", ASK)
    uploaded = (await client.post("/v1/files", content=b"Some words.", headers=TEXT)).json()
    documents = [{"id": uploaded["id"]}, {"name": "inline.txt", "text": "More words."}]
    body = {"workflow": "ask", "inputs": {"documents": documents, "question": "What?"}}
    run = (await client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"})).json()
    assert run["status"] == "succeeded"
    first, second = run["inputs"]["documents"]
    assert first == {
        "id": uploaded["id"],
        "name": "note.txt",
        "media_type": "text/plain",
        "size": 11,
    }
    assert second["id"].startswith("file_")
    assert "text" not in second
    assert len(run["outputs"]["sources"]) == 2
    assert run["usage"]["tokens_out"] == 4


async def test_pages_of_runs_are_stable_while_more_are_started(client):
    await put(client, "greeting", GREETING)

    async def start(name: str) -> str:
        body = {"workflow": "greeting", "inputs": {"name": name}}
        answer = await client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"})
        return answer.json()["id"]

    ids = [await start(name) for name in "abcde"]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/v1/runs", params=asked)).json()
        seen += [run["id"] for run in page["items"]]
        await start("late")
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]


async def test_runs_are_filtered_by_workflow_and_state(make_house):
    async with client_of(make_house(stalls)) as client:
        await put(client, "say", SAY)
        await put(client, "greeting", GREETING)
        await client.post("/v1/runs", json={"workflow": "say", "inputs": {"words": "x"}})
        body = {"workflow": "greeting", "inputs": {"name": "Ada"}}
        await client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"})
        for asked, expected in (
            ({"workflow": "say"}, ["say"]),
            ({"status": "succeeded"}, ["greeting"]),
            ({"status": "failed"}, []),
        ):
            found = (await client.get("/v1/runs", params=asked)).json()["items"]
            assert [run["workflow"] for run in found] == expected


async def test_cancelling_stops_a_run_and_asking_again_is_harmless(make_house):
    async with client_of(make_house(stalls)) as client:
        await put(client, "say", SAY)
        body = {"workflow": "say", "inputs": {"words": "x"}}
        run = (await client.post("/v1/runs", json=body)).json()["id"]
        assert (await client.post(f"/v1/runs/{run}/cancel")).status_code == 202
        assert (await finished(client, run))["status"] == "cancelled"
        again = await client.post(f"/v1/runs/{run}/cancel")
        assert (again.status_code, again.json()["status"]) == (200, "cancelled")


async def test_a_run_that_has_ended_cannot_be_cancelled(client):
    answer = await client.post(
        "/v1/runs", content=INLINE + "inputs: {name: Ada}\n", headers=YAML | {"Prefer": "wait=30"}
    )
    cancelled = await client.post(f"/v1/runs/{answer.json()['id']}/cancel")
    problem_of(cancelled, 409, "not-cancellable")


async def test_a_failed_run_says_which_step_and_where_in_the_text(make_house):
    def fails(_: Request) -> Behaviour:
        return Behaviour(fault="engine-error")

    async with client_of(make_house(fails)) as client:
        await put(client, "say", SAY)
        body = {"workflow": "say", "inputs": {"words": "x"}}
        run = (await client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"})).json()
        assert run["status"] == "failed"
        problem = run["problem"]
        assert (problem["type"], problem["step"]) == ("/problems/engine-error", "answer")
        assert problem["line"] == 4
        assert (await client.get(problem["type"])).status_code == 200


async def test_too_many_runs_at_once_are_refused_until_one_has_ended(make_house):
    async with client_of(make_house(stalls, runs_live_max=1)) as client:
        await put(client, "say", SAY)
        body = {"workflow": "say", "inputs": {"words": "x"}}
        run = (await client.post("/v1/runs", json=body)).json()["id"]
        refused = await client.post("/v1/runs", json=body)
        problem_of(refused, 429, "too-many-runs")
        assert int(refused.headers["Retry-After"]) >= 1
        assert len((await client.get("/v1/runs")).json()["items"]) == 1
        await client.post(f"/v1/runs/{run}/cancel")
        assert (await client.post("/v1/runs", json=body)).status_code == 202


async def test_a_house_that_is_closing_takes_no_new_runs(make_house):
    house = make_house()
    async with client_of(house) as client:
        house.drain()
        refused = await client.post("/v1/runs", content=INLINE, headers=YAML)
        problem_of(refused, 503, "draining")
        assert refused.headers["Retry-After"] == "5"


async def test_a_value_that_turns_out_to_be_no_text_is_the_authors_problem_not_the_engines(client):
    page = """\
workflow: cut
inputs: {given: any}
steps:
  pieces: {use: chunk, text: $inputs.given}
outputs: {items: $pieces.items}
"""
    await put(client, "cut", page)
    for given in (1, None, [2], {"text": 3}, {"text": "a", "meta": 4}):
        body = {"workflow": "cut", "inputs": {"given": given}}
        run = (await client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"})).json()
        assert (run["status"], run["problem"]["code"]) == ("failed", "bad-value"), run
        assert (run["problem"]["step"], run["problem"]["line"]) == ("pieces", 4)
        kind = await client.get(run["problem"]["type"])
        assert kind.status_code == 200
