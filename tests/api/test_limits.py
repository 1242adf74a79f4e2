"""Bodies over a limit are refused before they are read: shown on the bare protocol."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.house import House
from tests.api.houses import GREETING, TEXT, YAML, client_of, problem_of, put, served

pytestmark = pytest.mark.anyio
Receive = Callable[[], Awaitable[dict[str, Any]]]
PLACES = [
    ("POST", "/v1/runs", YAML, "body_bytes_max"),
    ("PUT", "/v1/workflows/greeting", YAML, "spec_bytes_max"),
    ("PUT", "/v1/modules/greet", YAML, "spec_bytes_max"),
    ("POST", "/v1/files", TEXT, "file_bytes_max"),
]


async def answers_to(
    house: House, method: str, url: str, headers: dict[str, str], receive: Receive
) -> list[dict[str, Any]]:
    """Send one request on the bare protocol; return every message that comes back."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": url, "raw_path": url.encode(), "query_string": b"",
        "root_path": "", "headers": raw, "client": None, "server": ("teola", 80),
    }  # fmt: skip
    await create_app(house)(scope, receive, send)
    await house.stop()
    return sent


@pytest.mark.parametrize(("method", "url", "headers", "limit"), PLACES)
async def test_a_client_that_goes_in_the_middle_of_a_body_is_no_fault(
    make_house, method, url, headers, limit
):
    coming = [
        {"type": "http.request", "body": b"work", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return coming.pop(0)

    house = make_house(**{limit: 1_000})
    sent = await answers_to(house, method, url, headers, receive)
    assert sent[0]["status"] == 400
    assert b"/problems/bad-request" in sent[1]["body"]


@pytest.mark.parametrize(("method", "url", "headers", "limit"), PLACES)
async def test_a_body_too_long_by_its_header_is_never_read(make_house, method, url, headers, limit):
    async def receive() -> dict[str, object]:
        raise AssertionError("the body was read")

    given = headers | {"Content-Length": "1001"}
    sent = await answers_to(make_house(**{limit: 1_000}), method, url, given, receive)
    assert sent[0]["status"] == 413
    assert b"/problems/payload-too-large" in sent[1]["body"]
    assert limit.encode() in sent[1]["body"]


@pytest.mark.parametrize(("method", "url", "headers", "limit"), PLACES)
async def test_a_body_in_chunks_is_read_no_further_than_the_limit(
    make_house, method, url, headers, limit
):
    taken = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b" " * 100

    async with client_of(make_house(**{limit: 1_000})) as client:
        answer = await client.request(method, url, content=chunks(), headers=headers)
        problem = problem_of(answer, 413, "payload-too-large")
    assert (problem["limit"], problem["bytes_max"]) == (limit, 1_000)
    assert taken == 11


async def test_a_body_of_exactly_the_limit_is_taken(make_house):
    async with client_of(make_house(spec_bytes_max=len(GREETING))) as client:
        await put(client, "greeting", GREETING)


async def test_inputs_may_be_as_large_as_the_body(client):
    words = ["x" * 200_000] * 10
    page = "workflow: many\ninputs: {words: 'string[]'}\n"
    page += "steps: {kept: {use: value, value: $inputs.words}}\noutputs: {words: $kept.value}\n"
    await put(client, "many", page)
    body = {"workflow": "many", "inputs": {"words": words}}
    answer = await client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"})
    assert answer.json()["outputs"] == {"words": words}


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "٣"])
async def test_a_length_that_is_none_is_refused(client, length):
    headers = YAML | {"Content-Length": length.encode()}
    answer = await client.put("/v1/workflows/greeting", content=GREETING, headers=headers)
    assert answer.status_code in (400, 413)


async def test_a_real_server_answers_before_a_large_upload_is_over(make_house):
    async with served(make_house(file_bytes_max=1_000)) as client:
        answer = await client.post("/v1/files", content=b"x" * 5_000, headers=TEXT)
        problem_of(answer, 413, "payload-too-large")
        good = await client.post("/v1/files", content=b"words", headers=TEXT)
        assert good.status_code == 201


async def test_a_spec_over_the_languages_own_limits_is_a_problem(client: httpx.AsyncClient):
    text = "workflow: w\ndescription: " + "x" * (300 << 10)
    answer = await client.put("/v1/workflows/w", content=text, headers=YAML)
    (error,) = problem_of(answer, 422, "invalid-workflow")["errors"]
    assert error["code"] == "too-large"
