"""Work that is given up, as its engine, a real server, sees it, and what it has cost."""

import asyncio
from pathlib import Path

import pytest

from api.compose import compose
from api.settings import Settings
from tests.api.houses import finished, put, served
from tests.executors.engines.openai_server import LocalServer, Play, Seen, chunk, counted, usual

pytestmark = pytest.mark.anyio
SLOTS = 8
ANSWERED = 100
PAGE = """\
workflow: many
inputs: {words: "string[]"}
steps:
  s: {for_each: $inputs.words, use: llm, prompt: "Say {{ item }}"}
outputs: {x: $s.text}
"""
ENGINES = """\
pools:
  m: {{kind: llm, adapter: openai, model: m, endpoint: "{url}", slots: {slots}}}
"""
COUNTING = ENGINES.replace("model: m,", "model: m, server: vllm,")
ONE = """\
workflow: one
steps: {s: {use: llm, prompt: Hello}}
outputs: {x: $s.text}
stream: [x]
"""
LATE = """\
workflow: late
steps:
  s: {use: llm, prompt: Hello, timeout: 2s, fallback: {text: Nothing.}}
outputs: {x: $s.text}
"""


async def test_no_more_of_a_thousand_elements_reaches_an_engine_once_cancelled(tmp_path: Path):
    with LocalServer().up() as server:
        server.play(*[usual] * ANSWERED, *[Play(stalls=True)] * 900)
        engines = tmp_path / "engines.yaml"
        engines.write_text(ENGINES.format(url=server.url, slots=SLOTS))
        house = compose(Settings(data=tmp_path / "data", engines=engines))
        async with served(house) as client:
            await put(client, "many", PAGE)
            body = {"workflow": "many", "inputs": {"words": [f"word {n}" for n in range(1000)]}}
            run = (await client.post("/v1/runs", json=body)).json()["id"]
            await asyncio.to_thread(_until, server, ANSWERED + SLOTS, open=SLOTS, seconds=60)
            cancelled = await client.post(f"/v1/runs/{run}/cancel")
            assert cancelled.status_code == 202
            await asyncio.to_thread(_until, server, ANSWERED + SLOTS, open=0, seconds=1)
            assert (await finished(client, run))["status"] == "cancelled"
            pools = (await client.get("/v1/engines")).json()["items"]
            assert all(pool["busy"] == pool["waiting"] == 0 for pool in pools)
            again = {"workflow": "many", "inputs": {"words": ["one", "two"]}}
            server.plays.clear()
            answer = await client.post("/v1/runs", json=again, headers={"Prefer": "wait=30"})
            assert answer.json()["status"] == "succeeded"
    assert len(server.seen) == ANSWERED + SLOTS + 2


async def test_what_a_cancelled_run_has_cost_by_then_is_counted(tmp_path: Path):
    with LocalServer().up() as server:
        server.play(half_said)
        engines = tmp_path / "engines.yaml"
        engines.write_text(COUNTING.format(url=server.url, slots=SLOTS))
        async with served(compose(Settings(data=tmp_path / "data", engines=engines))) as client:
            await put(client, "one", ONE)
            stream = {"Accept": "text/event-stream"}
            body = {"workflow": "one"}
            async with client.stream("POST", "/v1/runs", json=body, headers=stream) as answer:
                lines = answer.aiter_lines()
                while "word 2" not in await anext(lines):
                    continue
                run = answer.headers["Location"]
                await client.post(f"{run}/cancel")
            cancelled = await finished(client, run.rpartition("/")[2])
    assert server.seen[0].body["stream_options"]["continuous_usage_stats"] is True
    assert cancelled["status"] == "cancelled"
    assert (cancelled["usage"]["tokens_in"], cancelled["usage"]["tokens_out"]) == (7, 2)


async def test_what_an_attempt_that_came_too_late_has_cost_is_counted(tmp_path: Path):
    with LocalServer().up() as server:
        server.play(half_said)
        engines = tmp_path / "engines.yaml"
        engines.write_text(COUNTING.format(url=server.url, slots=SLOTS))
        async with served(compose(Settings(data=tmp_path / "data", engines=engines))) as client:
            await put(client, "late", LATE)
            answer = await client.post(
                "/v1/runs", json={"workflow": "late"}, headers={"Prefer": "wait=30"}
            )
    found = answer.json()
    assert (found["status"], found["outputs"]) == ("succeeded", {"x": "Nothing."})
    assert found["usage"]["tokens_in"] == 7
    assert found["usage"]["tokens_out"] == 2


def half_said(seen: Seen) -> Play:
    """Say two words, counting them, and no more until the client has gone."""
    words = [
        {**chunk(seen.body, {"content": f"word {at} "}), "usage": counted(7, at)} for at in (1, 2)
    ]
    return Play.events(*words, stalls=True)


def _until(server: LocalServer, seen: int, *, open: int, seconds: float) -> None:
    """Wait until the server has been asked so often, and that many answers are under way."""
    with server.changed:
        assert server.changed.wait_for(
            lambda: len(server.seen) == seen and server.open == open, timeout=seconds
        ), (len(server.seen), server.open)
