"""Plans go by how busy pools are: those of runs by what is seen, explained ones by what is said."""

import json
import time

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.plans import Terms
from planner.graph import PoolName
from planner.passes.names import PREFILL, SPECULATE, STAGES
from tests.api.houses import ASK, GREETING, SAY, YAML, client_of, finished, problem_of, put, stalls
from tests.api.test_passes import lookups

pytestmark = pytest.mark.anyio
LLM = frozenset({PoolName("llm")})
#: A search is begun ahead of it where that is on.
BEHIND = """\
workflow: behind
inputs: {question: string}
steps:
  judge: {use: llm, prompt: "Is this about us? {{ inputs.question }}"}
  said: {if: "$judge.text == 'yes'", use: llm, engine: llm, prompt: $inputs.question}
outputs: {said: $said.text}
"""
UNUSABLE = [
    ("lm=0.9", "bad-value", "there is no pool `lm`", "llm"),
    ("gpu=0.9", "bad-value", "there is no pool `gpu`; pools: embedding, inline, llm, ", None),
    ("=0.9", "bad-value", "there is no pool ``; pools: embedding, inline, llm, ", None),
    ("llm", "bad-value", "`llm` is no pool and its share, as in `llm=0.9`", None),
    ("", "bad-value", "`` is no pool and its share, as in `llm=0.9`", None),
    ("llm=", "bad-value", "`` is no number from 0 to 1", None),
    ("llm=busy", "bad-value", "`busy` is no number from 0 to 1", None),
    ("llm=90%", "bad-value", "`90%` is no number from 0 to 1", None),
    ("llm=nan", "bad-value", "`nan` is no number from 0 to 1", None),
    ("llm=inf", "bad-value", "`inf` is no number from 0 to 1", None),
    ("llm=1.01", "bad-value", "`1.01` is no number from 0 to 1", None),
    ("llm=-0.1", "bad-value", "`-0.1` is no number from 0 to 1", None),
]


@pytest.mark.parametrize("url", ["/v1/plan", "/v1/workflows/greeting/graph"])
@pytest.mark.parametrize(("given", "code", "detail", "hint"), UNUSABLE)
async def test_a_load_that_cannot_be_used_is_refused_by_http(
    client, url, given, code, detail, hint
):
    problem = problem_of(await planned(client, url, given), 422, "invalid-parameter")
    (error,) = problem["errors"]
    assert (error["code"], error["name"], error["hint"]) == (code, "utilisation", hint)
    assert error["detail"].startswith(detail)


@pytest.mark.parametrize("url", ["/v1/plan", "/v1/workflows/greeting/graph"])
async def test_a_pool_that_is_named_twice_is_refused_and_all_that_is_wrong_told(client, url):
    answer = await planned(client, url, "llm=0.9", "lm=1", "llm=0.9")
    found = problem_of(answer, 422, "invalid-parameter")["errors"]
    assert [each["code"] for each in found] == ["bad-value", "conflicting-keys"]
    assert found[1]["detail"] == "the pool `llm` is named twice"


async def planned(client, url, *given):
    await put(client, "greeting", GREETING)
    params = {"utilisation": list(given), "format": "json"}
    if url == "/v1/plan":
        return await client.post(url, params=params, content=GREETING, headers=YAML)
    return await client.get(url, params=params)


@pytest.fixture
def command(tmp_path):
    def plan(page, *options, code=0):
        file = tmp_path / "page.yaml"
        file.write_text(page)
        told = CliRunner().invoke(app, ["plan", str(file), *options])
        assert told.exit_code == code, told.output
        return told.output

    return plan


@pytest.mark.parametrize(("given", "code", "detail", "hint"), UNUSABLE)
def test_a_load_that_cannot_be_used_is_refused_on_the_command_line(
    command, given, code, detail, hint
):
    said = command(GREETING, "--utilisation", given, code=2)
    assert said.startswith(f"teola: --utilisation: {detail}")
    assert (f"; did you mean '{hint}'?" in said) == (hint is not None)
    assert len(said.splitlines()) == 1


def test_the_command_line_plans_under_a_load(command):
    idle = json.loads(command(ASK, "--json", "--explain"))
    full = json.loads(command(ASK, "--json", "--explain", "--utilisation", "vector=0.85"))
    most = json.loads(command(ASK, "--json", "--explain", "--utilisation", "vector=0.84"))
    told = {each["name"]: each for each in full["passes"]}
    assert told[STAGES]["reason"] == "saturated"
    assert told[STAGES]["detail"].endswith("busy: vector")
    assert [each["kind"] for each in idle["structures"]] == ["stages"]
    assert full["structures"] == []
    assert most == idle
    text = command(ASK, "--explain", "--utilisation", "vector=1", "--utilisation", "llm=0.2")
    assert f"{STAGES}: saturated, it would add work to pools that are busy: vector" in text


async def test_a_pass_that_the_load_holds_back_is_told_over_http(client):
    await put(client, "behind", BEHIND)
    for load, fired, reason in ((), True, None), (("llm=0.9",), False, "saturated"):
        params = {"on": SPECULATE, "utilisation": list(load)}
        answer = await client.post("/v1/plan", params=params, content=BEHIND, headers=YAML)
        stored = await client.get("/v1/workflows/behind/graph", params={**params, "format": "json"})
        assert answer.json()["passes"] == stored.json()["passes"]
        told = {each["name"]: each for each in answer.json()["passes"]}[SPECULATE]
        assert (told["fired"], told["reason"]) == (fired, reason)


async def test_a_graph_is_drawn_under_a_load_too(client):
    await put(client, "behind", BEHIND)
    drawn = [
        (await client.get("/v1/workflows/behind/graph", params={"on": SPECULATE, **load})).text
        for load in ({}, {"utilisation": "llm=0.9"})
    ]
    assert [":gate" in each for each in drawn] == [True, False]


async def test_a_plan_is_kept_for_each_set_of_pools_that_are_saturated(make_house):
    house = make_house()
    async with client_of(house) as client:
        await put(client, "ask", ASK)
        stored = house.workflows.get("local", "ask")
        idle, full, both = (
            Terms(saturated=frozenset(map(PoolName, names)))
            for names in ((), ("llm",), ("embedding", "llm"))
        )
        plans = [house.library.open("local", stored, each).plan for each in (idle, full, both)]
        before = await lookups(client)
        again = [house.library.open("local", stored, each).plan for each in (both, idle, full)]
        hits, misses = await lookups(client)
    assert [plan is kept for plan, kept in zip(plans, (*again[1:], again[0]), strict=True)] == [
        True
    ] * 3
    assert len({id(plan) for plan in plans}) == 3
    assert (hits - before[0], misses - before[1]) == (3, 0)


async def test_runs_are_planned_by_the_load_there_is_when_they_come(make_house, monkeypatch):
    house, seen, late_s = make_house(stalls), [], 0.0
    submit = house.runner.submit

    async def watched(wanted):
        seen.append(wanted.plan.library.pools.saturated)
        return await submit(wanted)

    house.runner.submit = watched
    monkeypatch.setattr(house.runner._driver, "now", lambda: time.monotonic() + late_s)
    async with client_of(house) as client:
        await put(client, "say", SAY)
        await put(client, "greeting", GREETING)

        async def greeted():
            body = {"workflow": "greeting", "inputs": {"name": "Ada"}}
            started = await client.post("/v1/runs", json=body)
            return (await finished(client, started.json()["id"]))["outputs"]

        async def llm():
            pool = (await client.get("/v1/engines/llm")).json()
            return pool["busy"], pool["utilisation"], pool["saturated"]

        said = await client.post("/v1/runs", json={"workflow": "say", "inputs": {"words": "x"}})
        outputs = [await greeted()]
        assert (await llm())[0::2] == (1, False)
        late_s += 1_000.0  # the one slot of the pool was taken all the time
        outputs.append(await greeted())
        assert await llm() == (1, 1.0, True)
        run = said.json()["id"]
        await client.post(f"/v1/runs/{run}/cancel")
        await finished(client, run)
        outputs.append(await greeted())
        late_s += 1_000.0
        outputs.append(await greeted())
        assert await llm() == (0, 0.0, False)
    assert seen == [frozenset(), frozenset(), LLM, LLM, frozenset()]
    assert outputs == [{"greeting": "Hello, Ada."}] * 4


async def test_what_is_explained_without_a_load_is_of_an_idle_service(make_house, monkeypatch):
    house = make_house()
    monkeypatch.setattr(house.runner, "saturated", lambda: LLM)
    async with client_of(house) as client:
        answer = await client.post(
            "/v1/plan", params={"on": SPECULATE}, content=BEHIND, headers=YAML
        )
    assert {each["reason"] for each in answer.json()["passes"]}.isdisjoint({"saturated"})
    told = {each["name"]: each["fired"] for each in answer.json()["passes"]}
    assert told[SPECULATE]
    assert not told[PREFILL]
