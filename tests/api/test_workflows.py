"""Named workflows over HTTP."""

import json

import httpx
import pytest

from spec.load import read
from spec.source import Source
from tests.api.houses import ASK, GREETING, YAML, problem_of, put

pytestmark = pytest.mark.anyio


async def test_a_new_workflow_is_created_and_the_same_again_is_not(client: httpx.AsyncClient):
    first = await put(client, "greeting", GREETING)
    again = await put(client, "greeting", GREETING)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


async def test_the_same_content_as_json_is_the_same_version(client):
    first = await put(client, "greeting", GREETING)
    tree = read(Source("greeting", GREETING.encode(), "yaml")).value
    again = await client.put("/v1/workflows/greeting", json=tree)
    assert (again.status_code, again.json()["version"]) == (200, first.json()["version"])


async def test_a_workflow_is_given_back_as_it_was_written(client):
    await put(client, "greeting", GREETING)
    found = (await client.get("/v1/workflows/greeting")).json()
    assert found["source"] == GREETING
    assert found["inputs"][0] | {"id": "name", "type": "string"} == found["inputs"][0]
    assert found["outputs"] == {"greeting": "string"}


async def test_an_old_version_stays_readable_and_runnable(client):
    old = (await put(client, "greeting", GREETING)).json()["version"]
    new = (await put(client, "greeting", GREETING.replace("Hello", "Goodbye"))).json()
    assert new["versions"] == [new["version"], old]
    found = await client.get("/v1/workflows/greeting", params={"version": old})
    assert "Hello" in found.json()["source"]
    for version, greeting in ((old, "Hello, Ada."), (new["version"], "Goodbye, Ada.")):
        body = {"workflow": f"greeting@{version}", "inputs": {"name": "Ada"}}
        run = await client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"})
        assert run.json()["outputs"] == {"greeting": greeting}


async def test_a_dry_run_stores_nothing(client):
    url = "/v1/workflows/greeting?dry_run=1"
    checked = await client.put(url, content=GREETING, headers=YAML)
    assert (checked.status_code, checked.json()["valid"]) == (200, True)
    problem_of(await client.get("/v1/workflows/greeting"), 404, "not-found")
    bad = await client.put(url, content=GREETING + "x: 1\n", headers=YAML)
    problem_of(bad, 422, "invalid-workflow")


async def test_workflows_are_listed_by_name_and_deleted(client):
    await put(client, "greeting", GREETING)
    await put(client, "ask", ASK)
    names = [line["name"] for line in (await client.get("/v1/workflows")).json()["items"]]
    assert names == ["ask", "greeting"]
    gone = await client.delete("/v1/workflows/ask")
    assert (gone.status_code, gone.content) == (204, b"")
    problem_of(await client.get("/v1/workflows/ask"), 404, "not-found")
    problem_of(await client.delete("/v1/workflows/ask"), 404, "not-found")


async def test_the_plan_is_drawn(client):
    await put(client, "ask", ASK)
    drawn = await client.get("/v1/workflows/ask/graph")
    assert drawn.headers["Content-Type"].startswith("text/plain")
    assert drawn.text.startswith("flowchart LR")
    assert "embed" in drawn.text


async def test_the_name_in_the_address_has_to_be_the_documents(client):
    page = f"# One that greets.\n{GREETING}"
    answer = await client.put("/v1/workflows/other", content=page, headers=YAML)
    (error,) = problem_of(answer, 422, "invalid-workflow")["errors"]
    assert (error["pointer"], error["line"], error["column"]) == ("/workflow", 2, 11)
    assert error["hint"] == "other"
    assert (await client.get("/v1/workflows")).json()["items"] == []


async def test_a_module_is_no_workflow(client):
    text = GREETING.replace("workflow:", "module:")
    answer = await client.put("/v1/workflows/greeting", content=text, headers=YAML)
    assert answer.status_code == 422
    assert (await client.get("/v1/workflows")).json()["items"] == []


async def test_every_problem_of_a_document_comes_at_once_with_its_place(client):
    text = GREETING.replace("use: text", "use: txt").replace("inputs.name", "inputs.nam")
    answer = await client.put("/v1/workflows/greeting", content=text, headers=YAML)
    errors = problem_of(answer, 422, "invalid-workflow")["errors"]
    assert [(e["code"], e["line"], e["column"], e["hint"]) for e in errors] == [
        ("unknown-module", 4, 15, "text"),
        ("unknown-reference", 4, 48, "name"),
    ]
    assert errors[0]["pointer"] == "/steps/line/use"
    assert errors[0]["snippet"].endswith("^")
    assert errors[0]["cure"]


async def test_sixty_kilobytes_of_brackets_are_a_problem_and_no_crash(client):
    for text in ("[" * 60_000, "{a: " * 15_000, "- " * 30_000):
        answer = await client.put("/v1/workflows/deep", content=text, headers=YAML)
        problem_of(answer, 422, "invalid-workflow")
    await put(client, "greeting", GREETING)


async def test_json_is_as_strict_as_yaml(client):
    tree = read(Source("greeting", GREETING.encode(), "yaml")).value
    text = json.dumps(tree, indent=1).replace('"name": "string"', '"name": "strin"')
    answer = await client.put(
        "/v1/workflows/greeting", content=text, headers={"Content-Type": "application/json"}
    )
    (error,) = problem_of(answer, 422, "invalid-workflow")["errors"]
    assert (error["code"], error["line"], error["hint"]) == ("bad-value", 4, "string")


async def test_validate_says_everything_and_stores_nothing(client):
    url = "/v1/workflows/validate"
    good = await client.post(url, content=GREETING, headers=YAML)
    assert (good.status_code, good.json()) == (200, {"valid": True, "errors": [], "warnings": []})
    text = GREETING.replace("use: text", "use: txt").replace("inputs.name", "inputs.nam")
    bad = await client.post(url, content=text, headers=YAML)
    assert bad.status_code == 200
    assert not bad.json()["valid"]
    found = [(e["code"], e["line"], e["column"], e["hint"]) for e in bad.json()["errors"]]
    assert found == [("unknown-module", 4, 15, "text"), ("unknown-reference", 4, 48, "name")]
    assert (await client.get("/v1/workflows")).json()["items"] == []


@pytest.mark.parametrize("text", ["[", "module: m\nsteps: {}\noutputs: {}\n", "", "workflow: 1"])
async def test_validate_answers_whatever_it_is_given(client, text):
    answer = await client.post("/v1/workflows/validate", content=text, headers=YAML)
    assert answer.status_code == 200
    assert not answer.json()["valid"]
    assert answer.json()["errors"]


async def test_validate_takes_documents_only(client):
    url = "/v1/workflows/validate"
    answer = await client.post(url, content=GREETING, headers={"Content-Type": "text/plain"})
    problem_of(answer, 415, "unsupported-media-type")
