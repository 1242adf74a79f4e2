"""What a warm prefix is worth on a real vLLM server, and how soon one notices that we have left.

Run by `make bench-vllm`, on a server of its own with the tiny chat model of `make vllm`. Exits with
1 if a bound is broken.

A prompt of 2,000 tokens is asked with nothing of it in the cache, after a warm request for all but
its last 60 tokens, and again when it has all been read: seconds from the call to its first token,
as the service sees them. Each round has a tenant, hence a salt, of its own, so that nothing earlier
helps; the three kinds take turns, so that what slows the machine down slows all of them. What the
cache gave is told twice: by the usage of each call, and by the engine's own counters.

The calls that are given up have said something already and would go on for thousands of tokens.
Each time runs from the closing of the batch until the engine's page of metrics shows nothing
running and, looked at again, as many tokens as before.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from figures import Figure, show
from given_up import GIVEN_UP, seconds_until_quiet
from pace import pace
from rich.console import Console
from rich.table import Table

from executors.engines.engine import Batch, Done, FirstToken, Request
from executors.engines.http_client import Endpoint, HttpClient
from executors.engines.openai import OpenAI
from executors.engines.openai_request import Model
from executors.engines.vllm_load import read_load
from executors.scheduler.events import BatchId
from tests.vllm.servers import ROOT, Server, running_alone

TIMES = 20
PROMPT_TOKENS = 2_000
UNKNOWN_TOKENS = 60
SLOTS = 4
#: The shares of a cold first token's time that one on a warm prefix, and a cached one, may take.
WARM_SHARE, CACHED_SHARE = 0.5, 0.5


@dataclass(slots=True)
class Kind:
    """One way to ask. `first_s` are the seconds to the first token; tokens are those of all calls,
    as the calls' usage and as the engine's counters have them.
    """

    name: str
    first_s: list[float] = field(default_factory=list)
    told_cached: int = 0
    counted_cached: int = 0
    tokens_in: int = 0


@dataclass(slots=True)
class Rounds:
    """All that was measured; the seconds a warm request took, and the tokens it was for."""

    kinds: tuple[Kind, Kind, Kind] = field(
        default_factory=lambda: (Kind("cold"), Kind("after a warm request"), Kind("cached"))
    )
    warming_s: list[float] = field(default_factory=list)
    warmed: int = 0


def main() -> None:
    """Measure everything and print it."""
    print(pace())
    with (
        tempfile.TemporaryDirectory(prefix="teola-") as folder,
        running_alone("chat", Path(folder)) as (server, key),
    ):
        version = httpx.get(f"{server.root}/version").json()["version"]
        print(f"vLLM {version}, the tiny chat model on the CPU, blocks of 32 tokens")
        rounds, quiet_s = asyncio.run(_measured(server, key))
    _tell(rounds)
    sys.exit(not show([*prefixes(rounds), *calls_given_up(quiet_s)]))


def prefixes(rounds: Rounds) -> Iterator[Figure]:
    """Hold what a warm prefix is worth against its bounds."""
    cold, warm, cached = rounds.kinds
    for kind, share in ((warm, WARM_SHARE), (cached, CACHED_SHARE)):
        what = f"first token {kind.name}, of a cold one's time (medians of {TIMES})"
        value = statistics.median(kind.first_s) / statistics.median(cold.first_s)
        yield Figure(what, value, share, "")
    warmed = rounds.warmed / TIMES
    for kind in (warm, cached):
        what = f"tokens of a call found in the cache {kind.name}"
        yield Figure(what, kind.told_cached / TIMES, warmed, "", most=False)
    yield Figure("tokens of a call found in the cache cold", cold.told_cached / TIMES, 0, "")
    apart = sum(abs(kind.told_cached - kind.counted_cached) for kind in rounds.kinds)
    yield Figure("cached tokens by usage beside those by the engine, apart", apart, 0, "")


def calls_given_up(quiet_s: Sequence[float]) -> Iterator[Figure]:
    """Hold the times until the engine is quiet against the bound."""
    percentiles = statistics.quantiles(quiet_s, n=100, method="inclusive")
    for number in (50, 99):
        what = f"from a cancel until the engine is quiet, p{number} of {len(quiet_s)}"
        yield Figure(what, percentiles[number - 1], 1.0, "s")


async def _measured(server: Server, key: str) -> tuple[Rounds, list[float]]:
    model = Model(server.model, structured=True, priorities=True, cache_per_tenant=True)
    engine = OpenAI(Endpoint(server.url, key), model, SLOTS)
    metrics = HttpClient(Endpoint(server.root), 1)
    try:
        await engine.start()
        await metrics.start()
        rounds = await _rounds(engine, metrics)
        return rounds, [await seconds_until_quiet(engine, metrics) for _ in range(GIVEN_UP)]
    finally:
        await engine.stop()
        await metrics.stop()


async def _rounds(engine: OpenAI, metrics: HttpClient) -> Rounds:
    whole = await _text_of(engine, PROMPT_TOKENS)
    known = await _text_of(engine, PROMPT_TOKENS - UNKNOWN_TOKENS)
    rounds = Rounds()
    cold, warm, cached = rounds.kinds
    for number in range(TIMES):
        await _ask(engine, metrics, cold, whole, f"cold {number}")
        began = time.perf_counter()
        done = await engine.warm_prefix(_request(known, f"warm {number}"))
        rounds.warming_s.append(time.perf_counter() - began)
        rounds.warmed += done.tokens
        await _ask(engine, metrics, warm, whole, f"warm {number}")
        await _ask(engine, metrics, cached, whole, f"cold {number}")
    return rounds


async def _ask(engine: OpenAI, metrics: HttpClient, kind: Kind, prompt: str, tenant: str) -> None:
    """Make one call; add what it shows to `kind`."""
    before = read_load((await metrics.read("/metrics")).decode()).prefix_tokens_cached
    began, first_s, end = time.perf_counter(), None, None
    async for emission in engine.run(Batch(BatchId(1), (_request(prompt, tenant),))):
        if isinstance(emission, FirstToken):
            first_s = time.perf_counter() - began
        end = emission
    if not isinstance(end, Done) or first_s is None:
        raise SystemExit(f"a call was not answered: {end}")
    after = read_load((await metrics.read("/metrics")).decode()).prefix_tokens_cached
    kind.first_s.append(first_s)
    kind.tokens_in += end.usage.tokens_in
    kind.told_cached += end.usage.tokens_cached
    kind.counted_cached += after - before


def _request(prompt: str, tenant: str) -> Request:
    args: dict[str, Any] = {"prompt": prompt, "max_tokens": 2, "temperature": 0}
    return Request(1, "decode", args, "bench", tenant)


async def _text_of(engine: OpenAI, tokens: int) -> str:
    """Return the longest beginning of a text whose prompt has at most so many `tokens`."""
    text = (ROOT / "LICENSE").read_text()
    least, most = 0, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        found = await engine.tokens(_request(text[:middle], "bench"))
        least, most = (middle, most) if len(found.ids) <= tokens else (least, middle - 1)
    return text[:least]


def _tell(rounds: Rounds) -> None:
    table = Table(
        f"first token of {PROMPT_TOKENS:,}", "median ms", "p90 ms", "tokens in", "cached by usage",
        "by the engine",
    )  # fmt: skip
    for kind in rounds.kinds:
        tenths = statistics.quantiles(kind.first_s, n=10, method="inclusive")
        times = (f"{1000 * each:.0f}" for each in (statistics.median(kind.first_s), tenths[8]))
        tokens = (kind.tokens_in, kind.told_cached, kind.counted_cached)
        table.add_row(kind.name, *times, *(f"{each / TIMES:,.0f}" for each in tokens))
    Console().print(table)
    taken = 1000 * statistics.median(rounds.warming_s)
    print(f"a warm request of {rounds.warmed // TIMES:,} tokens took {taken:.0f} ms (median)")


if __name__ == "__main__":
    main()
