"""Passes are chosen by name from every door, and a plan is explained before it is run."""

import json

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.passes import BadPasses, choice_of_options
from planner.passes.choice import Choice
from planner.passes.names import COMMON, DECODING, DEFAULT, NAMES, PRUNE, SPECULATE
from tests.api.houses import ASK, GREETING, YAML, client_of, finished, problem_of, put

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}


async def test_a_run_is_planned_by_the_passes_it_asks_for(make_house):
    house = make_house()
    seen = []
    submit = house.runner.submit

    async def watched(wanted):
        seen.append(wanted.plan.library.passes)
        return await submit(wanted)

    house.runner.submit = watched
    async with client_of(house) as client:
        await put(client, "greeting", GREETING)
        body = {"workflow": "greeting", "inputs": {"name": "Ada"}}
        for plan in ({}, {"off": [PRUNE]}, {"on": [SPECULATE]}):
            answer = await client.post("/v1/runs", json={**body, "plan": plan})
            assert answer.status_code == 202, answer.text
            run = await finished(client, answer.json()["id"])
            assert run["outputs"] == {"greeting": "Hello, Ada."}
    assert seen == [DEFAULT, DEFAULT - {PRUNE}, DEFAULT | {SPECULATE}]


async def test_the_request_wins_over_the_page_and_the_service_over_both(make_house):
    page = GREETING + f"plan: {{off: [{PRUNE}], on: [{SPECULATE}]}}\n"
    house = make_house(passes_off=(SPECULATE,))
    async with client_of(house) as client:
        answer = await client.post("/v1/plan", params={"on": PRUNE}, content=page, headers=YAML)
    told = {each["name"]: (each["on"], each["by"]) for each in answer.json()["passes"]}
    assert told[PRUNE] == (True, "request")
    assert told[SPECULATE] == (False, "service")


@pytest.mark.parametrize(
    ("plan", "code", "pointer", "hint"),
    [
        ({"off": ["split_prefil"]}, "bad-value", "/plan/off/0", "split_prefill"),
        ({"of": []}, "unknown-key", "/plan/of", "off"),
        ({"off": PRUNE}, "wrong-type", "/plan/off", None),
        ({"on": [7]}, "wrong-type", "/plan/on/0", None),
        ([], "wrong-type", "/plan", None),
        (None, "wrong-type", "/plan", None),
        ({"off": [PRUNE], "on": [PRUNE]}, "conflicting-keys", "/plan/on/0", None),
    ],
)
async def test_what_is_wrong_with_a_choice_is_told_where_it_stands(
    client, plan, code, pointer, hint
):
    text = json.dumps({"spec": {}, "plan": plan}, indent=1)
    answer = await client.post("/v1/runs", content=text, headers=JSON)
    problem = problem_of(answer, 422, "invalid-body")
    (error,) = problem["errors"]
    assert (error["code"], error["pointer"], error["hint"]) == (code, pointer, hint)
    assert error["line"] > 2


async def test_a_pass_that_does_not_exist_is_told_in_a_query_too(client):
    answer = await client.post("/v1/plan?off=speculat", content=GREETING, headers=YAML)
    (error,) = problem_of(answer, 422, "invalid-parameter")["errors"]
    assert (error["name"], error["hint"]) == ("off", SPECULATE)
    both = await client.post("/v1/plan?off=speculate&on=speculate", content=GREETING, headers=YAML)
    problem_of(both, 422, "invalid-parameter")


async def test_passes_are_turned_off_one_after_another_in_a_query(client):
    url = f"/v1/plan?off={PRUNE}&off={COMMON}"
    told = (await client.post(url, content=GREETING, headers=YAML)).json()["passes"]
    assert [each["name"] for each in told if each["by"] == "request"] == [PRUNE, COMMON]
    twice = await client.post(f"{url}&format=json&format=text", content=GREETING, headers=YAML)
    (error,) = problem_of(twice, 422, "invalid-parameter")["errors"]
    assert (error["code"], error["name"]) == ("duplicate-key", "format")


async def test_a_plan_is_told_as_json_text_and_mermaid(client):
    told = (await client.post("/v1/plan", content=ASK, headers=YAML)).json()
    assert [each["name"] for each in told["passes"]] == list(NAMES)
    first, second = told["stages"][:2]
    assert (first["made_by"], second["made_by"]) == ("expand", PRUNE)
    critical = [each["id"] for each in second["primitives"] if each["critical"]]
    assert sorted(critical) == sorted(second["critical_path"])
    assert second["critical_ms"] == pytest.approx(
        sum(each["ms"] for each in second["primitives"] if each["critical"]), abs=0.1
    )
    text = await client.post("/v1/plan", content=ASK, headers=YAML | {"Accept": "text/plain"})
    assert text.headers["Content-Type"].startswith("text/plain")
    assert "as written:" in text.text
    assert "\n* " in text.text
    one = await client.post("/v1/plan?format=mermaid", content=ASK, headers=YAML)
    every = await client.post("/v1/plan?format=mermaid&between=true", content=ASK, headers=YAML)
    assert one.text.count("flowchart LR") == 1
    assert every.text.count("flowchart LR") == len(told["stages"])
    refused = await client.post("/v1/plan", content=ASK, headers=YAML | {"Accept": "image/png"})
    problem_of(refused, 406, "not-acceptable")


async def test_the_graph_of_a_stored_workflow_is_drawn_and_explained(client):
    await put(client, "ask", ASK)
    drawn = await client.get("/v1/workflows/ask/graph")
    assert drawn.text.startswith("flowchart LR")
    plain = await client.get("/v1/workflows/ask/graph", params={"off": PRUNE})
    assert ":over" in plain.text
    assert ":over" not in drawn.text
    told = await client.get("/v1/workflows/ask/graph", headers={"Accept": "application/json"})
    assert told.json()["workflow"] == "ask"


async def test_what_would_make_a_workflow_faster_is_told_and_refuses_nothing(client):
    page = ASK.replace("outputs:", "  idle: {use: llm, prompt: Say it}\noutputs:")
    checked = (await client.post("/v1/workflows/validate", content=page, headers=YAML)).json()
    stored = (await put(client, "ask", page)).json()
    dry = await client.put("/v1/workflows/ask?dry_run=1", content=page, headers=YAML)
    assert checked["valid"]
    assert checked["warnings"] == stored["warnings"] == dry.json()["warnings"]
    (warning,) = checked["warnings"]
    assert (warning["code"], warning["pointer"]) == ("unread-step", "/steps/idle")
    assert page.splitlines()[warning["line"] - 1][warning["column"] - 1 :].startswith("idle")


async def test_a_plan_is_kept_for_stored_and_inline_workflows(make_house):
    house = make_house()
    body = {"inputs": {"name": "Ada"}}
    async with client_of(house) as client:
        await put(client, "greeting", GREETING)
        counted = []
        for run in (
            {"workflow": "greeting"},
            {"workflow": "greeting"},
            {"workflow": "greeting", "plan": {"off": [PRUNE]}},
        ):
            await client.post("/v1/runs", json={**run, **body})
            counted.append(await lookups(client))
        text = "spec:\n  " + GREETING.replace("\n", "\n  ") + "\ninputs: {name: %s}\n"
        for name in ("Ada", "Bob"):
            await client.post("/v1/runs", content=text % name, headers=YAML)
            counted.append(await lookups(client))
    hits, misses = zip(*counted, strict=True)
    assert [more - hits[0] for more in hits] == [0, 1, 1, 1, 2]
    assert [more - misses[0] for more in misses] == [0, 0, 1, 2, 2]


async def lookups(client):
    page = (await client.get("/metrics")).text
    return tuple(
        float(line.split()[-1])
        for result in ("hit", "miss")
        for line in page.splitlines()
        if line.startswith(f'teola_plan_lookups_total{{result="{result}"}}')
    )


@pytest.mark.parametrize(
    ("off", "on", "only", "choice"),
    [
        ([f"{PRUNE},{SPECULATE}"], [], None, Choice(off=frozenset({PRUNE, SPECULATE}))),
        ([], [PRUNE], [SPECULATE], Choice.only([PRUNE, SPECULATE])),
        ([PRUNE], [], [PRUNE], Choice.only([])),
    ],
)
def test_options_are_names_with_commas(off, on, only, choice):
    assert choice_of_options(off, on, only) == choice


def test_options_that_cannot_be_used():
    with pytest.raises(BadPasses, match="--off: there is no pass `speculat`; did you mean 'spec"):
        choice_of_options(["speculat"], [])
    with pytest.raises(BadPasses, match="both name speculate"):
        choice_of_options([SPECULATE], [SPECULATE])


def test_the_command_line_explains(tmp_path):
    file = tmp_path / "ask.yaml"
    file.write_text(ASK)

    def plan(*options, code=0):
        told = CliRunner().invoke(app, ["plan", str(file), *options])
        assert told.exit_code == code, told.output
        return told.output

    explained = plan("--explain")
    assert f"{PRUNE}: " in explained
    assert explained.count("critical path (*)") == 1
    # All of the index that is expected fits into one piece.
    assert "decompose_stages: 1 added" in explained
    assert explained.count("no gain on the critical path") == 1
    assert plan("--print-between", "--passes", PRUNE).count("critical path (*)") == 2
    facts = json.loads(plan("--json", "--explain", "--off", PRUNE))
    assert facts["stages"][0]["made_by"] == "expand"
    assert facts["passes"][0] | {"detail": ""} == facts["passes"][0] | {
        "on": False, "by": "request", "reason": "off", "detail": "",
    }  # fmt: skip
    assert "there is no pass `prun_dependencies`" in plan("--on", "prun_dependencies", code=2)


LIST_AND_BRANCH = """
workflow: towns
inputs: {question: string}
steps:
  towns: {use: llm.list, prompt: "Which towns? {{ inputs.question }}"}
  each: {for_each: $towns.items, use: llm, prompt: $item}
  long: {if: $len(towns.items) > 9, use: llm, prompt: "Why so many? {{ inputs.question }}"}
outputs: {each: $each.text, long: $long.text}
"""


def test_what_passes_change_in_structures_is_seen_between_them(tmp_path):
    file = tmp_path / "towns.yaml"
    file.write_text(LIST_AND_BRANCH)

    def plan(*options):
        told = CliRunner().invoke(app, ["plan", str(file), "--on", SPECULATE, *options])
        assert told.exit_code == 0, told.output
        return told.output

    texts = dict(each.split(": ", 1) for each in plan("--print-between").split("\nafter "))
    streamed, ahead = "; each item as towns.decode closes it", "; may begin ahead, after long"
    assert [name for name, text in texts.items() if streamed in text] == [DECODING, SPECULATE]
    assert [name for name, text in texts.items() if ahead in text] == [SPECULATE]

    stages = json.loads(plan("--print-between", "--json"))["stages"]
    each, branch = stages[-1]["structures"]
    assert (each["source"], each["gate"]) == ("towns.decode", None)
    assert (branch["source"], branch["gate"]) == (None, "long:branch:gate")
    assert branch["saved_ms"] > 0
    assert stages[0]["structures"][0] == {
        "kind": "for_each", "opening": "each:for_each", "closing": "each:for_each:end", "cut": [],
        "source": None, "stops": False, "later": [], "gate": None, "saved_ms": None,
    }  # fmt: skip
