"""Many runs at once on scripted engines: is the loop free, does each succeed, what memory is held?

The service is a process of its own (this file, run as a script) that watches its own loop; the
clients are in another and reach it over HTTP.
"""

import asyncio
import re
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from api.compose import assemble, open_collections
from api.logs import configure
from api.serve import listen, serve
from api.settings import Settings
from executors.documents import split
from executors.engines.engine import Request
from executors.engines.inline import Inline
from executors.engines.scripted import Behaviour, Scripted
from executors.pools import Pool
from planner.graph import PoolName

ROOT = Path(__file__).resolve().parents[1]
LATENCY_S = {"embedding": 0.02, "vector": 0.005, "llm": 0.2, "rerank": 0.02}
WATCH_EVERY_S = 0.002


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of many runs at once. `lag_ms`: by how much the loop was late at worst."""

    succeeded: int
    seconds: float
    lag_ms: float
    peak_mib: float


async def load(example: str, runs: int) -> Loaded:
    """Run an example `runs` times at once over HTTP; return what came of it."""
    with tempfile.TemporaryDirectory(prefix="teola-") as data:
        process = await create_subprocess_exec(sys.executable, __file__, data, stdout=PIPE)
        address = await _said(process, r"ready at (\S+)")
        limits = httpx.Limits(max_connections=runs)
        async with httpx.AsyncClient(base_url=address, limits=limits, timeout=120) as client:
            name = example.replace("_", "-")
            page = (ROOT / f"workflows/examples/{example}.yaml").read_text()
            put = await client.put(
                f"/v1/workflows/{name}", content=page, headers={"Content-Type": "text/yaml"}
            )
            put.raise_for_status()
            began = time.monotonic()
            statuses = await asyncio.gather(*(_ask(client, name, at) for at in range(runs)))
            seconds = time.monotonic() - began
        peak_mib = _peak_mib(process.pid)
        process.terminate()
        lag_ms = float(await _said(process, r"late by (\S+) ms"))
        await process.wait()
    return Loaded(statuses.count("succeeded"), seconds, lag_ms, peak_mib)


def _peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


async def _said(process: Process, pattern: str) -> str:
    assert process.stdout is not None
    async for line in process.stdout:
        if found := re.search(pattern, line.decode()):
            return found[1]
    raise SystemExit(f"the service ended before it said '{pattern}'")


async def _ask(client: httpx.AsyncClient, workflow: str, number: int) -> str:
    document = {"name": "notes.txt", "text": "Some words about the matter at hand. " * 200}
    inputs = {"documents": [document], "question": f"What is number {number}?"}
    answer = await client.post(
        "/v1/runs",
        json={"workflow": workflow, "inputs": inputs},
        headers={"Prefer": "wait=60"},
    )
    run = answer.json()
    while run.get("status") in ("queued", "running"):
        run = (await client.get(f"/v1/runs/{run['id']}", params={"wait": 60})).json()
    return str(run.get("status"))


def main(data: Path) -> None:
    """Be the service: say the address, then how late the loop was once it has been stopped."""
    configure("console", "error")
    settings = Settings(data=data)
    split("warm up: what is imported on first use is not the load's fault", 9, 0, _words)
    house = assemble(settings, _pools(), open_collections(settings))
    watch: list[asyncio.Task[float]] = []

    def ready() -> None:
        watch.append(asyncio.create_task(_worst_lag_s(house.streams.closing)))
        watch[0].add_done_callback(lambda task: print(f"late by {task.result() * 1000:.1f} ms"))
        print(f"ready at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)

    with listen("127.0.0.1", 0) as listener:
        serve(house, listener, ready)


def _pools() -> tuple[Pool, ...]:
    inline = Inline(split, _words)
    engines = [Scripted(kind, _after(seconds), slots=16) for kind, seconds in LATENCY_S.items()]
    return (
        Pool(PoolName("inline"), "inline", "fifo", (inline,), 1, 20_000),
        *(
            Pool(PoolName(e.traits.kind), e.traits.kind, "throughput", (e,), 16, 20_000)
            for e in engines
        ),
    )


def _after(seconds: float) -> Callable[[Request], Behaviour]:
    return lambda _request: Behaviour(latency_s=seconds)


def _words(text: str) -> list[int]:
    return list(range(len(text.split())))


async def _worst_lag_s(end: asyncio.Event) -> float:
    """Return, once `end` is set, by how much the loop was late at worst."""
    worst = 0.0
    while not end.is_set():
        due = time.monotonic() + WATCH_EVERY_S
        with suppress(TimeoutError):
            await asyncio.wait_for(end.wait(), WATCH_EVERY_S)
        worst = max(worst, time.monotonic() - due)
    return worst


if __name__ == "__main__":
    main(Path(sys.argv[1]))
