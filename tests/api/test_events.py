"""Events of a run: as a stream over a real socket, resumed from the middle, and as pages."""

import asyncio
import json
import socket
from typing import Any

import httpx
import orjson
import pytest

from api.serve import listen
from api.streaming import EventStream
from tests.api.houses import GREETING, SAY, client_of, problem_of, put, served, stalls

pytestmark = pytest.mark.anyio
STREAM = {"Accept": "text/event-stream"}
SAY_X = {"workflow": "say", "inputs": {"words": "x"}}


async def events_of(answer: httpx.Response) -> list[tuple[int, str, dict[str, Any]]]:
    """Read a stream to its end; check how it begins."""
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    blocks = "".join([piece async for piece in answer.aiter_text()]).split("\n\n")
    assert blocks[0] == "retry: 1000"
    found = []
    for block in blocks[1:-1]:
        id, event, data = (line.partition(": ")[2] for line in block.split("\n"))
        found.append((int(id), event, json.loads(data)))
    return found


async def test_a_run_is_streamed_from_its_first_event_to_its_last(make_house):
    async with served(make_house()) as client:
        await put(client, "say", SAY)
        async with client.stream("POST", "/v1/runs", json=SAY_X, headers=STREAM) as answer:
            events = await events_of(answer)
            location = answer.headers["Location"]
        assert [id for id, _, _ in events] == list(range(1, len(events) + 1))
        kinds = [kind for _, kind, _ in events]
        assert (kinds[0], kinds[-1]) == ("run.queued", "run.finished")
        text = "".join(data["text"] for _, kind, data in events if kind == "output.delta")
        assert events[-1][2]["outputs"] == {"answer": text}
        assert (await client.get(location)).json()["outputs"] == {"answer": text}


@pytest.mark.parametrize("by", ["header", "query"])
async def test_a_stream_is_resumed_from_the_middle_without_gap_or_repeat(make_house, by):
    async with served(make_house()) as client:
        await put(client, "say", SAY)
        run = (await client.post("/v1/runs", json=SAY_X, headers={"Prefer": "wait=30"})).json()
        url = f"/v1/runs/{run['id']}/events"
        headers = STREAM | ({"Last-Event-ID": "4"} if by == "header" else {})
        query = {"after": "4"} if by == "query" else {}
        async with client.stream("GET", url, headers=headers, params=query) as answer:
            rest = await events_of(answer)
        assert [id for id, _, _ in rest] == list(range(5, run["last_event"] + 1))


async def test_resuming_after_the_end_gives_an_empty_stream(make_house):
    async with served(make_house()) as client:
        await put(client, "say", SAY)
        run = (await client.post("/v1/runs", json=SAY_X, headers={"Prefer": "wait=30"})).json()
        url = f"/v1/runs/{run['id']}/events?after={run['last_event']}"
        async with client.stream("GET", url, headers=STREAM) as answer:
            assert await events_of(answer) == []


async def test_a_client_that_goes_away_does_not_stop_its_run(make_house):
    house = make_house(stalls)
    async with served(house) as client:
        await put(client, "say", SAY)
        async with client.stream("POST", "/v1/runs", json=SAY_X, headers=STREAM) as answer:
            run = answer.headers["X-Run-Id"]
            await anext(answer.aiter_text())
        assert (await client.get(f"/v1/runs/{run}")).json()["status"] == "running"
        await client.post(f"/v1/runs/{run}/cancel")
        async with client.stream("GET", f"/v1/runs/{run}/events", headers=STREAM) as answer:
            assert (await events_of(answer))[-1][2]["status"] == "cancelled"


async def test_events_come_while_the_run_goes_on(make_house):
    async with served(make_house(stalls)) as client:
        await put(client, "say", SAY)
        async with client.stream("POST", "/v1/runs", json=SAY_X, headers=STREAM) as answer:
            run = answer.headers["X-Run-Id"]
            lines = answer.aiter_lines()
            async for line in lines:
                if line == "event: step.started":
                    break
            await client.post(f"/v1/runs/{run}/cancel")
            rest = [line async for line in lines if line.startswith("event: ")]
        assert rest[-1] == "event: run.finished"


async def test_a_closing_house_ends_its_streams(make_house):
    house = make_house(stalls)
    async with served(house) as client:
        await put(client, "say", SAY)
        async with client.stream("POST", "/v1/runs", json=SAY_X, headers=STREAM) as answer:
            lines = answer.aiter_lines()
            await anext(lines)
            house.drain()
            rest = [line async for line in lines]
        assert "event: draining" in rest


async def test_a_silent_stream_says_that_it_is_alive(make_house):
    house = make_house(stalls)
    async with client_of(house) as client:
        await put(client, "say", SAY)
        run = (await client.post("/v1/runs", json=SAY_X)).json()
        stream = EventStream(
            house.runs, house.streams, "local", run["id"], run["last_event"], heartbeat_s=0.0
        )
        house.streams.take("local")
        frames = aiter(stream.body_iterator)
        assert await anext(frames) == b"retry: 1000\n\n"
        assert (await anext(frames)).startswith(b": ")
        await frames.aclose()
        house.streams.release("local")


@pytest.mark.parametrize("version", ["2.3", "2.4"])
async def test_a_client_that_takes_nothing_is_let_go_and_its_place_is_free(make_house, version):
    house = make_house(stalls, streams_max=1)

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    async with client_of(house) as client:
        await put(client, "say", SAY)
        run = (await client.post("/v1/runs", json=SAY_X)).json()["id"]
        house.streams.take("local")
        stream = EventStream(house.runs, house.streams, "local", run, 0, send_s_max=0.0)
        scope = {"type": "http", "asgi": {"spec_version": version}}
        await stream(scope, never, never)
        house.streams.take("local")
        assert (await client.get(f"/v1/runs/{run}")).json()["status"] == "running"


async def test_events_come_as_pages_too(client):
    await put(client, "say", SAY)
    run = (await client.post("/v1/runs", json=SAY_X, headers={"Prefer": "wait=30"})).json()
    found: list[int] = []
    after, done = 0, False
    while not done:
        asked = {"after": after, "limit": 4}
        page = (await client.get(f"/v1/runs/{run['id']}/events", params=asked)).json()
        assert len(page["items"]) <= 4
        found += [event["id"] for event in page["items"]]
        after, done = page["next_after"], page["finished"]
    assert found == list(range(1, run["last_event"] + 1))


async def test_an_event_of_the_future_is_a_400_with_the_last_there_is(client):
    await put(client, "greeting", GREETING)
    body = {"workflow": "greeting", "inputs": {"name": "Ada"}}
    run = (await client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"})).json()
    for headers in (STREAM, {}):
        url = f"/v1/runs/{run['id']}/events?after=999"
        problem = problem_of(await client.get(url, headers=headers), 400, "event-not-yet")
        assert problem["last"] == run["last_event"]


@pytest.mark.parametrize("id", ["-1", "x", "1.5", "", "9" * 40, "٣"])
async def test_an_event_id_that_is_none_is_refused(client, id):
    await put(client, "greeting", GREETING)
    body = {"workflow": "greeting", "inputs": {"name": "Ada"}}
    run = (await client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"})).json()["id"]
    url = f"/v1/runs/{run}/events"
    headers = STREAM | {"Last-Event-ID": id.encode()}
    problem_of(await client.get(url, headers=headers), 422, "invalid-parameter")
    problem_of(await client.get(url, params={"after": id}), 422, "invalid-parameter")


async def test_open_streams_are_bounded_and_given_back(make_house):
    async with served(make_house(stalls, streams_max=1)) as client:
        await put(client, "say", SAY)
        async with client.stream("POST", "/v1/runs", json=SAY_X, headers=STREAM) as answer:
            run = answer.headers["X-Run-Id"]
            refused = await client.get(f"/v1/runs/{run}/events", headers=STREAM)
            problem_of(refused, 429, "too-many-streams")
            refused = await client.post("/v1/runs", json=SAY_X, headers=STREAM)
            problem_of(refused, 429, "too-many-streams")
            assert len((await client.get("/v1/runs")).json()["items"]) == 1
            await client.post(f"/v1/runs/{run}/cancel")
            await events_of(answer)
        again = await client.get(f"/v1/runs/{run}/events", headers=STREAM)
        assert again.status_code == 200


async def test_a_run_that_is_refused_gives_its_streams_place_back(make_house):
    async with served(make_house(streams_max=1)) as client:
        for _ in range(2):
            refused = await client.post("/v1/runs", json=SAY_X, headers=STREAM)
            problem_of(refused, 404, "not-found")


async def test_many_readers_of_one_run_see_the_same(make_house):
    async with served(make_house(stalls)) as client:
        await put(client, "say", SAY)
        run = (await client.post("/v1/runs", json=SAY_X)).json()["id"]

        async def follow() -> list[tuple[int, str, dict[str, Any]]]:
            async with client.stream("GET", f"/v1/runs/{run}/events", headers=STREAM) as answer:
                return await events_of(answer)

        readers = [asyncio.create_task(follow()) for _ in range(5)]
        await client.post(f"/v1/runs/{run}/cancel")
        seen = await asyncio.gather(*readers)
        assert all(events == seen[0] for events in seen)


async def test_a_large_event_goes_out_in_small_pieces(make_house):
    house = make_house()
    async with client_of(house) as client:
        await put(client, "greeting", GREETING)
        body = {"workflow": "greeting", "inputs": {"name": "x" * 200_000}}
        run = (await client.post("/v1/runs", json=body, headers={"Prefer": "wait=30"})).json()
        whole = b"".join(
            b"id: %d\nevent: %s\ndata: %s\n\n"
            % (item["id"], item["event"].encode(), orjson.dumps({"at": item["at"], **item["data"]}))
            for item in (await client.get(f"/v1/runs/{run['id']}/events")).json()["items"]
        )
        house.streams.take("local")
        stream = EventStream(house.runs, house.streams, "local", run["id"], 0)
        first, *pieces = [piece async for piece in stream.body_iterator]
        house.streams.release("local")
    assert first == b"retry: 1000\n\n"
    assert max(map(len, pieces)) == 64 << 10
    assert b"".join(pieces) == whole


def test_a_connection_that_takes_nothing_is_dropped_by_the_system():
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
