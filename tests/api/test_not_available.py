"""What is right but cannot be run yet: valid when checked, refused where it is kept or run."""

import pytest

from tests.api.houses import GREETING, YAML, problem_of
from tests.api.test_cli import teola

pytestmark = pytest.mark.anyio
ARMED = GREETING.replace("{use: text, template:", "{use: llm.chat, tools: [clock], user:")
MODULE = """\
module: guarded
inputs: {name: string}
steps: {line: {use: llm.chat, user: "{{ inputs.name }}", tools: [clock]}}
outputs: {text: $line.text}
"""
USER = """\
workflow: user
steps: {s: {use: guarded, name: Ada}}
outputs: {x: $s}
"""


def refused(answer, slug: str, key: str) -> None:
    (error,) = problem_of(answer, 422, slug)["errors"]
    assert (error["code"], error["detail"]) == ("unknown-key", f"`{key}` is not available yet")
    assert error["pointer"].endswith(f"/{key}")
    assert error["line"] > 1 or "/spec" in error["pointer"]


async def test_it_is_valid_and_neither_kept_nor_run(client):
    checked = await client.post("/v1/workflows/validate", content=ARMED, headers=YAML)
    assert checked.json() == {"valid": True, "errors": [], "warnings": []}
    kept = await client.put("/v1/workflows/greeting", content=ARMED, headers=YAML)
    refused(kept, "invalid-workflow", "tools")
    spec = {
        "workflow": "w",
        "steps": {"s": {"use": "agent", "prompt": "x", "tools": ["clock"]}},
        "outputs": {"x": "$s.text"},
    }
    answer = await client.post("/v1/runs", json={"spec": spec})
    refused(answer, "invalid-workflow", "tools")
    assert problem_of(answer, 422, "invalid-workflow")["errors"][0]["pointer"].startswith("/spec/")


async def test_a_flow_is_a_stored_workflow_of_the_same_tenant(client):
    body = "{flow: greeting, name: Ada}"
    text = f"workflow: caller\nsteps: {{s: {body}}}\noutputs: {{x: $s.greeting}}\n"

    async def found(page: str) -> list[str]:
        answer = await client.post("/v1/workflows/validate", content=page, headers=YAML)
        return [error["code"] for error in answer.json()["errors"]]

    assert await found(text) == ["unknown-flow"]
    stored = await client.put("/v1/workflows/greeting", content=GREETING, headers=YAML)
    version = stored.json()["version"]
    assert await found(text) == []
    assert await found(text.replace("greeting,", f"greeting@{version},")) == []
    assert await found(text.replace("greeting,", "greeting@00,")) == ["unknown-flow"]
    assert await found(text.replace("name: Ada", "name: 3")) == ["wrong-type"]
    assert await found(text.replace("s.greeting", "s.text")) == ["unknown-reference"]


async def test_a_module_of_such_steps_is_not_kept(client):
    answer = await client.put("/v1/modules/guarded", content=MODULE, headers=YAML)
    refused(answer, "invalid-module", "tools")
    assert (await client.get("/v1/modules/guarded")).status_code == 404


def test_the_command_line_checks_it_and_does_not_run_it(tmp_path):
    for name, text in (("greeting", ARMED), ("guarded", MODULE), ("user", USER)):
        (tmp_path / f"{name}.yaml").write_text(text)
    checked = teola(tmp_path, "validate", "greeting.yaml", "guarded.yaml", "user.yaml")
    assert checked.stdout.count(": valid\n") == 3
    run = teola(tmp_path, "run", "greeting.yaml", "--input", "name=Ada")
    assert run.returncode == 3
    assert "unknown-key: `tools` is not available yet" in run.stderr
