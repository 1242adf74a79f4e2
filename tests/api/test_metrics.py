"""What `/metrics` says is what runs say of themselves."""

import re
from collections import Counter
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.metrics import METHODS, Metrics
from api.plans import Plans
from executors.engines.engine import Request
from executors.engines.scripted import Behaviour
from executors.memo import Memo
from executors.scheduler.commands import Speculated
from executors.scheduler.events import RunId, Woke
from executors.usage import Usage
from planner.graph import PrimitiveId
from tests.api.houses import client_of, stalls

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[2]
PAGE = """\
workflow: counted
inputs: {words: "string[]"}
steps:
  cut: {use: chunk, text: $inputs.words, size: 2}
  kept: {use: index, chunks: $cut.items}
  said: {for_each: $inputs.words, use: llm, prompt: "Say {{ item }}"}
  again:
    loop: {max: 3, start: {last: ""}, next: {last: $more.text}}
    steps: {more: {use: llm, prompt: "More than {{ loop.last }}", cache: 1h}}
outputs: {said: $said.text, last: $again.last}
"""
RUN = {"inputs": {"words": ["a b c d e f", "g h", "i"]}, "workflow": "counted"}


async def samples(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and the values of its labels."""
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (each.name, *(each.labels[label] for label in sorted(each.labels))): each.value
        for family in text_string_to_metric_families(answer.text)
        for each in family.samples
    }


async def ran(client: httpx.AsyncClient) -> dict[str, object]:
    put = await client.put(
        "/v1/workflows/counted", content=PAGE, headers={"Content-Type": "text/yaml"}
    )
    assert put.status_code in (200, 201)
    answer = await client.post("/v1/runs", json=RUN, headers={"Prefer": "wait=30"})
    assert answer.json()["status"] == "succeeded"
    return answer.json()


async def events(client: httpx.AsyncClient, run: str) -> list[dict[str, object]]:
    page = await client.get(f"/v1/runs/{run}/events", params={"limit": 1000})
    return page.json()["items"]


async def test_the_numbers_are_those_of_the_run_itself(client):
    run = await ran(client)
    found = await samples(client)
    told = [e for e in await events(client, run["id"]) if e["event"] == "primitive.finished"]
    ended = Counter((e["data"]["pool"], e["data"]["op"]) for e in told)
    assert sum(ended.values()) > 15
    for (pool, op), count in ended.items():
        for name in ("queue", "execution"):
            assert found[f"teola_primitive_{name}_seconds_count", op, pool] == count
        assert found["teola_primitive_batch_seconds_count", op, pool] == count
        spent = sum(
            e["data"]["execution_ms"]
            for e in told
            if (e["data"]["pool"], e["data"]["op"]) == (pool, op)
        )
        counted = found["teola_primitive_execution_seconds_sum", op, pool] * 1000
        assert counted == pytest.approx(spent, abs=0.001 * count)
    for kind in ("in", "out"):
        tokens = sum(v for k, v in found.items() if k[:2] == ("teola_tokens_total", kind))
        assert tokens == run["usage"][f"tokens_{kind}"] > 0
    assert (
        found["teola_runs_accepted_total",] == found["teola_runs_finished_total", "succeeded"] == 1
    )
    assert found["teola_run_seconds_sum", "succeeded"] == pytest.approx(
        run["duration_ms"] / 1000, abs=0.1
    )
    assert found["teola_runs_live",] == 0
    assert (
        found["teola_memo_lookups_total", "hit"],
        found["teola_memo_lookups_total", "miss"],
    ) == (0, 3)


async def test_what_is_remembered_is_counted_as_a_hit(client):
    await ran(client)
    await ran(client)
    found = await samples(client)
    assert found["teola_memo_lookups_total", "hit"] == 3
    assert found["teola_memo_bytes",] > 0


def test_what_was_begun_ahead_is_counted_and_what_of_it_was_for_nothing():
    metrics = Metrics([], list, Memo(1), Plans(1, 1))
    for kept in (True, False, False):
        done = Speculated(RunId("r"), PrimitiveId("s:branch"), kept, 2, 0.25, Usage(5, 3))
        metrics.watch(0.0, Woke(), [done])
    page = metrics.page().decode()
    assert 'teola_speculations_total{result="kept"} 1.0' in page
    assert 'teola_speculations_total{result="dropped"} 2.0' in page
    assert "teola_speculation_wasted_seconds_total 0.5" in page
    assert 'teola_speculation_wasted_tokens_total{kind="in"} 10.0' in page


async def test_rows_that_left_together_are_counted_by_batch(client):
    await ran(client)
    found = await samples(client)
    assert found["teola_batch_rows_sum", "embedding"] == 5
    assert found["teola_batch_rows_count", "embedding"] == 1


async def test_faults_and_failed_runs_are_counted_by_code(make_house):
    def broken(request: Request) -> Behaviour:
        return Behaviour(fault="engine-error")

    async with client_of(make_house(broken)) as client:
        await client.put(
            "/v1/workflows/counted", content=PAGE, headers={"Content-Type": "text/yaml"}
        )
        answer = await client.post("/v1/runs", json=RUN, headers={"Prefer": "wait=30"})
        assert answer.json()["status"] == "failed"
        found = await samples(client)
    assert found["teola_engine_faults_total", "engine-error", "llm"] >= 1
    assert found["teola_runs_finished_total", "failed"] == 1


async def test_a_run_that_is_held_shows_in_its_pool_until_it_is_cancelled(make_house):
    house = make_house(stalls)
    async with client_of(house) as client:
        await client.put(
            "/v1/workflows/counted", content=PAGE, headers={"Content-Type": "text/yaml"}
        )
        run = (await client.post("/v1/runs", json=RUN)).json()["id"]
        seen = 0
        while not any(e["event"] == "step.started" for e in await events(client, run)):
            await house.runs.changed("local", run, seen)
            seen = house.runs.get("local", run).last_event
        found = await samples(client)
        assert found["teola_runs_live",] == 1
        assert found["teola_pool_batches", "llm"] == found["teola_pool_slots", "llm"] == 1
        assert found["teola_pool_replicas", "llm"] == found["teola_pool_replicas_up", "llm"] == 1
        await client.post(f"/v1/runs/{run}/cancel")
        await client.get(f"/v1/runs/{run}", params={"wait": 30})
        found = await samples(client)
    assert found["teola_runs_live",] == found["teola_pool_batches", "llm"] == 0
    assert found["teola_runs_finished_total", "cancelled"] == 1
    assert found["teola_engine_faults_total", "aborted", "llm"] >= 1


async def test_answers_are_counted_by_the_template_of_their_route(client):
    for run in ("run_1", "run_2"):
        assert (await client.get(f"/v1/runs/{run}")).status_code == 404
    assert (await client.get("/no/such/place")).status_code == 404
    assert (await client.post("/v1/runs", content=b"{")).status_code in (400, 415, 422)
    assert (await client.request("BREW", "/v1/runs")).status_code == 405
    found = await samples(client)
    routes = {key[2] for key in found if key[0] == "teola_http_answers_total"}
    assert found["teola_http_answers_total", "GET", "/v1/runs/{run}", "404"] == 2
    assert found["teola_http_answer_seconds_count", "GET", "/v1/runs/{run}"] == 2
    assert found["teola_http_answers_total", "GET", "none", "404"] == 1
    assert not any("run_1" in route or "such" in route for route in routes)
    assert {key[1] for key in found if key[0] == "teola_http_answers_total"} <= METHODS | {"other"}


async def test_every_metric_is_in_the_documentation_and_no_other(client):
    page = (await client.get("/metrics")).text
    declared = dict(re.findall(r"^# TYPE (teola_\w+) (\w+)$", page, re.MULTILINE))
    declared = {name: kind for name, kind in declared.items() if not name.endswith("_created")}
    table = (ROOT / "docs/metrics.md").read_text()
    told = re.findall(r"^\| `(teola_\w+)` \| (\w+) \|", table, re.MULTILINE)
    assert dict(told) == declared
    assert len(told) == len(declared)
