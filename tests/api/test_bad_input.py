"""What strangers send: always a problem with its place, never half an effect, and then business as
usual.
"""

import json
from typing import Any

import httpx
import pytest

from tests.api.houses import ASK, GREETING, YAML, problem_of, put

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}


async def still_well(client: httpx.AsyncClient) -> None:
    """The next good request works, and nothing of the bad one is there."""
    assert (await client.get("/v1/runs")).json()["items"] == []
    body = {"workflow": "greeting", "inputs": {"name": "Ada"}}
    run = await client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"})
    assert run.json()["outputs"] == {"greeting": "Hello, Ada."}


@pytest.fixture
async def stocked(client):
    await put(client, "greeting", GREETING)
    await put(client, "ask", ASK)
    return client


BODIES: dict[str, tuple[str, str, str, int, int]] = {
    # what: media, text, code, line, column
    "empty yaml": ("yaml", "", "syntax", 1, 1),
    "blank json": ("json", "  ", "syntax", 1, 3),
    "cut off json": ("json", '{"workflow": ', "syntax", 1, 14),
    "trailing comma": ("json", '{"workflow": "greeting",}', "syntax", 1, 25),
    "comment in json": ("json", '{"workflow": "greeting"} // x', "syntax", 1, 26),
    "nan": ("json", '{"priority": NaN}', "syntax", 1, 14),
    "infinite": ("json", '{"priority": 1e999}', "bad-value", 1, 14),
    "twice the same key": ("json", '{"workflow": "a", "workflow": "b"}', "duplicate-key", 1, 19),
    "lone surrogate": ("json", '{"workflow": "\\ud800"}', "syntax", 1, 14),
    "unclosed yaml": ("yaml", "workflow: [greeting\n", "syntax", 2, 1),
    "tab": ("yaml", "workflow: greeting\n\tinputs: {}\n", "syntax", 2, 1),
    "anchor": ("yaml", "workflow: &a greeting\n", "yaml-feature", 1, 11),
    "tag": ("yaml", "workflow: !!python/object greeting\n", "yaml-feature", 1, 11),
    "old boolean": ("yaml", "workflow: no\n", "yaml-boolean", 1, 11),
    "two documents": ("yaml", "workflow: greeting\n---\na: 1\n", "yaml-feature", 2, 1),
    "a list": ("json", "[]", "wrong-type", 1, 1),
    "a scalar": ("yaml", "greeting", "wrong-type", 1, 1),
    "unknown key": ("json", '{"workflw": "greeting"}', "unknown-key", 1, 2),
    "nothing to run": ("json", '{"inputs": {}}', "missing-key", 1, 1),
    "two things to run": ("yaml", "workflow: a\nspec: {}\n", "conflicting-keys", 2, 1),
    "null to run": ("json", '{"workflow": null}', "wrong-type", 1, 14),
    "number to run": ("json", '{"workflow": 1}', "wrong-type", 1, 14),
    "spec as text": ("json", '{"spec": "workflow: x"}', "wrong-type", 1, 10),
    "inputs as list": ("json", '{"workflow": "greeting", "inputs": []}', "wrong-type", 1, 36),
    "priority as text": ("json", '{"workflow": "a", "priority": "1"}', "wrong-type", 1, 31),
    "priority too high": ("json", '{"workflow": "a", "priority": 11}', "bad-value", 1, 31),
    "priority as float": ("json", '{"workflow": "a", "priority": 1.5}', "wrong-type", 1, 31),
    "priority as boolean": ("json", '{"workflow": "a", "priority": true}', "wrong-type", 1, 31),
}


@pytest.mark.parametrize("what", BODIES)
async def test_a_body_that_is_not_right_is_pointed_at(stocked, what):
    media, text, code, line, column = BODIES[what]
    headers = {"Content-Type": f"application/{media}"}
    answer = await stocked.post("/v1/runs", content=text, headers=headers)
    errors = problem_of(answer, 422, "invalid-body")["errors"]
    places = [(error["code"], error["line"], error["column"]) for error in errors]
    assert (code, line, column) in places, errors
    assert all(error["snippet"] and error["cure"] for error in errors)
    await still_well(stocked)


async def test_a_near_miss_names_the_right_key(stocked):
    answer = await stocked.post("/v1/runs", json={"workflw": "greeting"})
    hints = {error["hint"] for error in problem_of(answer, 422, "invalid-body")["errors"]}
    assert "workflow" in hints


INPUTS: dict[str, tuple[dict[str, Any], str, str]] = {
    # what: inputs, code, pointer
    "wrong type": ({"name": 1}, "wrong-type", "/inputs/name"),
    "null": ({"name": None}, "wrong-type", "/inputs/name"),
    "list for one": ({"name": ["Ada"]}, "wrong-type", "/inputs/name"),
    "missing": ({}, "missing-key", "/inputs"),
    "undeclared": ({"name": "Ada", "nam": "x"}, "unknown-key", "/inputs/nam"),
}


@pytest.mark.parametrize("what", INPUTS)
async def test_inputs_that_do_not_fit_are_pointed_at(stocked, what):
    inputs, code, pointer = INPUTS[what]
    text = json.dumps({"workflow": "greeting", "inputs": inputs}, indent=1)
    answer = await stocked.post("/v1/runs", content=text, headers=JSON)
    (error,) = problem_of(answer, 422, "invalid-input")["errors"]
    assert (error["code"], error["pointer"]) == (code, pointer)
    assert error["line"] >= 3
    await still_well(stocked)


async def test_missing_inputs_altogether_are_a_problem(stocked):
    answer = await stocked.post("/v1/runs", json={"workflow": "greeting"})
    (error,) = problem_of(answer, 422, "invalid-input")["errors"]
    assert error["code"] == "missing-key"


FILES: dict[str, Any] = {
    "an unknown id": {"id": "file_0"},
    "an id of another kind": {"id": 7},
    "no text": {"name": "a"},
    "id and text": {"id": "file_0", "name": "a", "text": "b"},
    "a string": "file_0",
    "nothing": {},
}


@pytest.mark.parametrize("what", FILES)
async def test_a_file_that_is_none_is_pointed_at(stocked, what):
    good = {"name": "a.txt", "text": "words"}
    body = {"workflow": "ask", "inputs": {"documents": [good, FILES[what]], "question": "?"}}
    answer = await stocked.post("/v1/runs", json=body)
    error = problem_of(answer, 422, "invalid-input")["errors"][0]
    assert error["pointer"].startswith("/inputs/documents/1")
    assert (await stocked.get("/v1/runs")).json()["items"] == []


DOCUMENTS: dict[str, tuple[str, str, int, int]] = {
    # what: inline document, code, line, column
    "unknown key": ("  stepps: {}\n", "unknown-key", 2, 3),
    "unknown module": (
        '  steps:\n    a: {use: txt, template: "x"}\n  outputs: {o: $a.text}\n',
        "unknown-module", 3, 14,
    ),
    "unknown reference": (
        '  steps:\n    a: {use: text, template: "{{ b.text }}"}\n  outputs: {o: $a.text}\n',
        "unknown-reference", 3, 34,
    ),
    "cycle": (
        '  steps:\n    a: {use: text, template: "{{ b.text }}"}\n'
        '    b: {use: text, template: "{{ a.text }}"}\n  outputs: {o: $a.text}\n',
        "cycle", 3, 5,
    ),
    "self reference": (
        '  steps:\n    a: {use: text, template: "{{ a.text }}"}\n  outputs: {o: $a.text}\n',
        "cycle", 3, 5,
    ),
    "wrong type": (
        "  steps:\n    a: {use: text, template: 7}\n  outputs: {o: $a.text}\n",
        "wrong-type", 3, 30,
    ),
    "unknown engine": (
        '  steps:\n    a: {use: text, template: "x", engine: gpu}\n  outputs: {o: $a.text}\n',
        "unknown-engine", 3, 43,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", DOCUMENTS)
async def test_an_inline_workflow_is_pointed_at_where_it_stands_in_the_body(stocked, what):
    text, code, line, column = DOCUMENTS[what]
    body = f"spec:\n{text}  workflow: w\n"
    answer = await stocked.post("/v1/runs", content=body, headers=YAML)
    errors = problem_of(answer, 422, "invalid-workflow")["errors"]
    assert (code, line, column) in [(e["code"], e["line"], e["column"]) for e in errors], errors
    assert all(error["pointer"].startswith("/spec") for error in errors)
    await still_well(stocked)


async def test_an_inline_module_is_pointed_at_where_it_stands_in_the_body(stocked):
    module = GREETING.replace("workflow", "module").replace("\n", "\n  ")
    body = f"spec:\n  {module}"
    answer = await stocked.post("/v1/runs", content=body, headers=YAML)
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["line"], error["column"]) == ("/spec/module", 2, 11)


@pytest.mark.parametrize(
    "media_type",
    [
        None, "text/plain", "multipart/form-data; boundary=x", "application/xml",
        "application/json; charset=utf-16", "application/x-www-form-urlencoded", "yaml",
    ],
)  # fmt: skip
async def test_another_media_type_is_refused(stocked, media_type):
    headers = {"Content-Type": media_type} if media_type else {}
    for method, url in (("POST", "/v1/runs"), ("PUT", "/v1/workflows/x"), ("PUT", "/v1/modules/x")):
        answer = await stocked.request(method, url, content=b"{}", headers=headers)
        problem_of(answer, 415, "unsupported-media-type")
    await still_well(stocked)


@pytest.mark.parametrize(
    "media_type",
    ["application/yaml", "application/x-yaml", "text/yaml; charset=utf-8", "APPLICATION/YAML"],
)
async def test_yaml_has_many_names(stocked, media_type):
    headers = {"Content-Type": media_type}
    answer = await stocked.put("/v1/workflows/greeting", content=GREETING, headers=headers)
    assert answer.status_code == 200


async def test_compressed_bodies_are_refused(stocked):
    headers = YAML | {"Content-Encoding": "gzip"}
    answer = await stocked.put("/v1/workflows/greeting", content=b"x", headers=headers)
    problem_of(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "data",
    [GREETING.encode("utf-16"), GREETING.encode("utf-32"), b"\xff\xfe", b"a: \xc0\xaf", b"a: \0"],
)
async def test_only_utf_8_is_text(stocked, data):
    answer = await stocked.put("/v1/workflows/greeting", content=data, headers=YAML)
    problem_of(answer, 422, "invalid-workflow")


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "/"), ("GET", "/v1"), ("GET", "/v1/nope"), ("GET", "/v2/runs"),
        ("GET", "/v1/runs/"), ("POST", "/v1/runs/x/y"), ("GET", "/assets/docs/none.js"),
        ("GET", "/v1/runs/run_0"), ("GET", "/v1/runs/run_0/events"),
        ("POST", "/v1/runs/run_0/cancel"), ("GET", "/v1/runs/%2e%2e%2f"),
        ("GET", "/v1/workflows/none"), ("GET", "/v1/workflows/none/graph"),
        ("GET", "/v1/files/file_0"), ("GET", "/v1/modules/none"), ("GET", "/v1/engines/none"),
        ("GET", "/problems/none"),
    ],
)  # fmt: skip
async def test_what_is_not_there_is_a_404(stocked, method, url):
    problem_of(await stocked.request(method, url), 404, "not-found")


async def test_unknown_workflows_and_collections_are_404s(stocked):
    for name in ("none", "greeting@0123", "greeting@", "@", "x" * 200):
        answer = await stocked.post("/v1/runs", json={"workflow": name})
        problem_of(answer, 404, "not-found")
    for method in ("GET", "DELETE"):
        answer = await stocked.request(method, "/v1/collections/none")
        problem_of(answer, 404, "unknown-collection")


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("PATCH", "/v1/runs"), ("DELETE", "/v1/runs"), ("POST", "/v1/workflows/greeting"),
        ("PUT", "/v1/files"), ("POST", "/healthz"), ("BREW", "/v1/runs"), ("POST", "/docs"),
    ],
)  # fmt: skip
async def test_another_method_is_a_405_that_names_the_right_ones(stocked, method, url):
    answer = await stocked.request(method, url)
    problem_of(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=1000000000", "limit=x", "status=done", "limt=3",
        "limit=1&limit=2",
    ],
)  # fmt: skip
async def test_a_query_that_is_not_right_is_refused(stocked, query):
    answer = await stocked.get(f"/v1/runs?{query}")
    (error,) = problem_of(answer, 422, "invalid-parameter")["errors"]
    assert (error["in"], error["name"]) == ("query", query.partition("=")[0])
    assert error["detail"]


async def test_a_cursor_that_was_never_given_out_is_refused(stocked):
    problem_of(await stocked.get("/v1/runs?cursor=abc"), 400, "bad-cursor")


@pytest.mark.parametrize("prefer", ["wait=61", "wait=-1", "wait=x", "wait=", "wait=1.5"])
async def test_a_wait_that_is_none_is_refused(stocked, prefer):
    body = {"workflow": "greeting", "inputs": {"name": "Ada"}}
    answer = await stocked.post("/v1/runs", json=body, headers={"Prefer": prefer})
    (error,) = problem_of(answer, 422, "invalid-parameter")["errors"]
    assert error["in"] == "header"
    await still_well(stocked)


async def test_other_preferences_are_passed_over(stocked):
    body = {"workflow": "greeting", "inputs": {"name": "Ada"}}
    headers = {"Prefer": "respond-async, wait=30"}
    answer = await stocked.post("/v1/runs", json=body, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("accept", ["image/png", "text/html", "application/json;q=0"])
async def test_an_answer_nobody_can_give_is_a_406(stocked, accept):
    body = {"workflow": "greeting", "inputs": {"name": "Ada"}}
    answer = await stocked.post("/v1/runs", json=body, headers={"Accept": accept})
    problem_of(answer, 406, "not-acceptable")
    await still_well(stocked)
