"""Modules are YAML: registered over HTTP, used at once, no code touched."""

import pytest

from tests.api.houses import YAML, problem_of, put

pytestmark = pytest.mark.anyio
GREET = """\
module: greet
description: Says hello.
inputs: {name: string}
steps:
  line: {use: text, template: "Hello, {{ inputs.name }}."}
outputs: {text: $line.text}
"""
USER = """\
workflow: user
inputs: {who: string}
steps:
  hello: {use: greet, name: $inputs.who}
outputs: {said: $hello.text}
"""


async def register(client, name, text):
    return await client.put(f"/v1/modules/{name}", content=text, headers=YAML)


async def test_a_registered_module_runs_in_a_workflow(client):
    made = await register(client, "greet", GREET)
    assert (made.status_code, made.json()["shipped"]) == (201, False)
    await put(client, "user", USER)
    body = {"workflow": "user", "inputs": {"who": "Ada"}}
    run = (await client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"})).json()
    assert run["outputs"] == {"said": "Hello, Ada."}


async def test_a_changed_module_changes_the_runs_that_follow(client):
    await register(client, "greet", GREET)
    await put(client, "user", USER)
    assert (await register(client, "greet", GREET)).status_code == 200
    changed = await register(client, "greet", GREET.replace("Hello", "Goodbye"))
    assert changed.status_code == 201
    body = {"workflow": "user", "inputs": {"who": "Ada"}}
    run = (await client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"})).json()
    assert run["outputs"] == {"said": "Goodbye, Ada."}


async def test_a_module_that_no_longer_fits_is_the_runs_problem_and_no_crash(client):
    await register(client, "greet", GREET)
    await put(client, "user", USER)
    await register(client, "greet", GREET.replace("name", "person"))
    body = {"workflow": "user", "inputs": {"who": "Ada"}}
    answer = await client.post("/v1/runs", json=body)
    problem = problem_of(answer, 422, "invalid-workflow")
    assert {error["code"] for error in problem["errors"]} == {"unknown-key", "missing-key"}


async def test_a_module_whose_primitives_cannot_run_is_a_problem_and_no_fault(client):
    leaking = """\
module: leak
inputs: {prompt: prompt}
steps: {head: {op: prefill, prompt: $inputs.prompt}}
outputs: {call: $head.call}
"""
    await register(client, "leak", leaking)
    workflow = """\
workflow: user
inputs: {q: string}
steps: {a: {use: leak, prompt: $inputs.q}, b: {use: value, value: $a.call}}
outputs: {b: $b.value}
"""
    answer = await client.put("/v1/workflows/user", content=workflow, headers=YAML)
    assert problem_of(answer, 422, "invalid-workflow")["detail"]


async def test_modules_are_listed_with_what_they_take_and_give(client):
    await register(client, "greet", GREET)
    lines = {line["name"]: line for line in (await client.get("/v1/modules")).json()["items"]}
    assert {"chunk", "index", "search", "llm", "text", "value", "greet"} <= lines.keys()
    assert lines["chunk"]["shipped"]
    assert not lines["greet"]["shipped"]
    assert [i["id"] for i in lines["greet"]["inputs"]] == ["name"]
    assert lines["greet"]["outputs"] == {"text": "string"}


async def test_a_module_is_shown_with_its_yaml(client):
    await register(client, "greet", GREET)
    assert (await client.get("/v1/modules/greet")).json()["source"] == GREET
    assert "op: chunk" in (await client.get("/v1/modules/chunk")).json()["source"]
    problem_of(await client.get("/v1/modules/nope"), 404, "not-found")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("llm", GREET.replace("module: greet", "module: llm")),
        ("other", GREET),
        ("greet", GREET.replace("module:", "workflow:")),
        ("greet", GREET.replace("use: text", "use: greet")),
        ("greet", GREET.replace("use: text", "use: nothing")),
        ("greet", GREET + "stream: [text]\n"),
        ("greet", "module: [\n"),
    ],
)
async def test_a_module_that_is_not_right_is_not_registered(client, name, text):
    before = (await client.get("/v1/modules")).json()
    answer = await register(client, name, text)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["line"] >= 1
    assert (await client.get("/v1/modules")).json() == before


async def test_modules_that_multiply_cannot_be_run_and_nothing_is_stored(client):
    for n in range(12):
        below = f"m{n - 1}" if n else "value"
        steps = "".join(f"  s{k}: {{use: {below}, value: $inputs.value}}\n" for k in range(3))
        text = (
            f"module: m{n}\ninputs: {{value: any}}\nsteps:\n{steps}outputs: {{value: $s0.value}}\n"
        )
        assert (await register(client, f"m{n}", text)).status_code == 201
    page = "workflow: w\nsteps:\n  s: {use: m11, value: 1}\noutputs: {o: $s.value}\n"
    answer = await client.put("/v1/workflows/w", content=page, headers=YAML)
    (error,) = problem_of(answer, 422, "invalid-workflow")["errors"]
    assert (error["code"], error["pointer"], error["line"]) == ("too-large", "/steps/s", 3)
    assert "plan_primitives_max" in error["detail"]
    assert (await client.get("/v1/workflows/w")).status_code == 404
    spec = {"workflow": "w", "steps": {"s": {"use": "m11", "value": 1}}, "outputs": {"o": "$s"}}
    answer = await client.post("/v1/runs", json={"spec": spec})
    (error,) = problem_of(answer, 422, "invalid-workflow")["errors"]
    assert error["pointer"] == "/spec/steps/s"
