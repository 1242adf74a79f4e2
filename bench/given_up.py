"""Calls that are given up while they are answered, and the time until their engine is quiet."""

import asyncio
import time
from contextlib import aclosing

from executors.engines.engine import Batch, Delta, Load, Request
from executors.engines.http_client import HttpClient
from executors.engines.openai import OpenAI
from executors.engines.vllm_load import read_load
from executors.scheduler.events import BatchId

GIVEN_UP = 60
QUIET_S_MAX = 30.0
#: Pieces of text that come before a call is given up.
PIECES = 5
#: Seconds between two looks, during which a busy engine would have written some tokens.
LOOK_S = 0.03
#: A form of reply that ends no sooner than the engine lets it.
ENDLESS = {
    "prompt": "Tell everything.",
    "temperature": 0,
    "form": "json",
    "schema": {
        "type": "object",
        "properties": {"all": {"type": "string", "minLength": 30_000}},
        "required": ["all"],
    },
}


async def seconds_until_quiet(engine: OpenAI, metrics: HttpClient) -> float:
    """Begin a call, close its batch, and return after how long the engine was first seen quiet."""
    call = Batch(BatchId(1), (Request(1, "decode", ENDLESS, "bench", "bench"),))
    pieces = 0
    async with aclosing(engine.run(call)) as emissions:
        async for emission in emissions:
            pieces += isinstance(emission, Delta)
            if pieces == PIECES:
                break
        left = time.perf_counter()
    before, seen_at = await _load(metrics), time.perf_counter()
    while seen_at - left < QUIET_S_MAX:
        await asyncio.sleep(LOOK_S)
        after, again_at = await _load(metrics), time.perf_counter()
        if before.running == 0 and after == before:
            return seen_at - left
        before, seen_at = after, again_at
    raise SystemExit(f"the engine still runs {before.running} calls that were given up")


async def _load(metrics: HttpClient) -> Load:
    return read_load((await metrics.read("/metrics")).decode())
