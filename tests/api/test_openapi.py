"""The description of the API is complete, and its pages need nothing from elsewhere."""

import re
from dataclasses import replace
from typing import Any

import pytest

from api import openapi
from api.problem_kinds import KINDS
from tests.api.houses import GREETING, YAML, client_of, problem_of

pytestmark = pytest.mark.anyio
PROBLEM = "application/problem+json"


@pytest.fixture
async def description(client) -> dict[str, Any]:
    return (await client.get("/openapi.json")).json()


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, item in description["paths"].items()
        for method, operation in item.items()
    ]


async def test_every_operation_is_described(description):
    for method, path, operation in operations(description):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert operation["tags"], where
        for parameter in operation.get("parameters", []):
            assert (
                parameter["in"] == "path"
                or parameter.get("description")
                or (parameter["name"] == "limit")
            ), where


async def test_every_operation_says_which_problems_it_has(description):
    for method, path, operation in operations(description):
        answers = operation["responses"]
        assert any(PROBLEM in answer.get("content", {}) for answer in answers.values()), (
            method,
            path,
        )


async def test_no_error_is_described_that_is_no_problem_document(description):
    assert "ValidationError" not in str(description)


async def test_every_operation_that_takes_a_body_describes_it(description):
    for method, path, operation in operations(description):
        takes = method == "put" or (method == "post" and not path.endswith("cancel"))
        assert ("requestBody" in operation) == takes, (method, path)
        if takes and path != "/v1/files":
            content = operation["requestBody"]["content"]
            assert {"application/yaml", "application/json"} <= content.keys()
            assert content["application/yaml"]["example"]


async def test_every_reference_in_the_description_resolves(description):
    names = re.findall(r"#/components/schemas/(\w+)", str(description))
    assert names
    for name in names:
        assert name in description["components"]["schemas"]


async def test_the_resources_are_all_there(description):
    assert {path for path in description["paths"] if path.count("/") == 2} == {
        "/v1/workflows", "/v1/plan", "/v1/runs", "/v1/files", "/v1/collections", "/v1/modules",
        "/v1/engines",
        "/problems/{slug}",
    }  # fmt: skip


async def test_the_examples_work_as_they_stand(client):
    for url, text in (
        ("/v1/workflows/ask-notes", openapi.WORKFLOW_YAML),
        ("/v1/modules/ask", openapi.MODULE_YAML),
    ):
        answer = await client.put(url, content=text, headers=YAML)
        assert answer.status_code == 201, answer.text
    answer = await client.post(
        "/v1/runs", content=openapi.RUN_YAML, headers=YAML | {"Prefer": "wait=30"}
    )
    assert answer.json()["outputs"] == {"greeting": "Hello, Ada."}


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_a_page_loads_only_what_the_service_has(client, page):
    answer = await client.get(page)
    assert answer.status_code == 200
    assert "://" not in answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    loaded = re.findall(r'(?:src|href|spec-url)="([^"]+)"', answer.text)
    assert loaded
    for url in loaded:
        assert url.startswith("/")
        assert (await client.get(url)).status_code == 200


@pytest.mark.parametrize("slug", KINDS)
async def test_every_problem_type_explains_itself(client, slug):
    explained = (await client.get(f"/problems/{slug}")).json()
    assert explained["type"] == f"/problems/{slug}"
    assert explained["meaning"]
    assert explained["cure"]


async def test_a_fault_of_ours_says_nothing_of_its_cause(make_house):
    def broken() -> None:
        raise ZeroDivisionError("a secret")

    house = replace(make_house(), now=broken)
    async with client_of(house, raise_faults=False) as client:
        answer = await client.put("/v1/workflows/greeting", content=GREETING, headers=YAML)
        problem_of(answer, 500, "internal-error")
        assert "secret" not in answer.text
        assert "ZeroDivision" not in answer.text
        assert (await client.get("/v1/workflows")).json()["items"] == []
