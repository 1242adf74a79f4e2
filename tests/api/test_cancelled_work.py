"""A run that is cancelled in the middle of a long list, as its engine, a real server, sees it."""

import asyncio
from pathlib import Path

import pytest

from api.compose import compose
from api.settings import Settings
from tests.api.houses import finished, put, served
from tests.executors.engines.openai_server import LocalServer, Play, usual

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


def _until(server: LocalServer, seen: int, *, open: int, seconds: float) -> None:
    """Wait until the server has been asked so often, and that many answers are under way."""
    with server.changed:
        assert server.changed.wait_for(
            lambda: len(server.seen) == seen and server.open == open, timeout=seconds
        ), (len(server.seen), server.open)
