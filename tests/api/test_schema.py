"""The schema for editors, over HTTP: it knows what the asker has, and says when it has changed."""

import pytest
from jsonschema import Draft7Validator

from tests.api.houses import GREETING, YAML, problem_of, put

pytestmark = pytest.mark.anyio
URL = "/v1/schema/workflow.json"
GREET = """\
module: greet
description: Says hello.
inputs: {name: {type: string, description: Whom to greet.}}
steps: {line: {use: text, template: "Hello, {{ inputs.name }}."}}
outputs: {text: $line.text}
"""


async def step(client):
    """What the schema says of the keys of a step."""
    schema = (await client.get(URL)).json()
    return schema["definitions"]["workflow_step"]["properties"]


async def test_the_schema_is_a_schema_of_its_own_media_type(client):
    answer = await client.get(URL)
    assert answer.headers["Content-Type"] == "application/schema+json"
    Draft7Validator.check_schema(answer.json())


async def test_it_knows_the_modules_the_pools_and_the_primitives(client):
    keys = await step(client)
    assert {"chunk", "index", "search", "llm", "text", "value"} <= set(keys["use"]["enum"])
    assert keys["engine"]["enum"] == ["embedding", "inline", "llm", "rerank", "vector"]
    schema = (await client.get(URL)).json()
    assert "prefill" in schema["definitions"]["module_step"]["properties"]["op"]["enum"]


async def test_it_knows_a_module_as_soon_as_it_is_registered(client):
    before = await client.get(URL)
    await client.put("/v1/modules/greet", content=GREET, headers=YAML)
    after = await client.get(URL, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    greet = after.json()["definitions"]["use:greet"]
    assert greet["properties"]["name"]["description"] == "Whom to greet. (string)"


async def test_it_knows_a_stored_workflow_that_another_may_run(client):
    assert "anyOf" not in (await step(client))["flow"]
    await put(client, "greeting", GREETING)
    known, _ = (await step(client))["flow"]["anyOf"]
    assert known["enum"] == ["greeting"]
    schema = (await client.get(URL)).json()
    assert schema["definitions"]["flow:greeting"]["required"] == ["name"]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}'])
async def test_a_schema_that_one_has_is_not_sent_again(client, form):
    first = await client.get(URL)
    tag = first.headers["ETag"]
    again = await client.get(URL, headers={"If-None-Match": form.format(tag)})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == tag
    assert again.headers["Cache-Control"] == "private, no-cache"


async def test_a_schema_that_one_does_not_have_is_sent(client):
    answer = await client.get(URL, headers={"If-None-Match": '"another"'})
    assert answer.status_code == 200


async def test_the_description_names_its_media_type(client):
    described = (await client.get("/openapi.json")).json()["paths"][URL]["get"]
    assert list(described["responses"]["200"]["content"]) == ["application/schema+json"]
    assert "304" in described["responses"]


async def test_there_is_no_other_schema(client):
    problem_of(await client.get("/v1/schema/module.json"), 404, "not-found")
