"""What a newcomer meets, measured: set-up, demo, start, memory, load, embedding.

Run by `make bench-first-run`. Each line shows the figure, the bound it must keep, and how it was
taken. Exits with 1 if a bound is broken. Figures are for this machine at this moment.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from figures import Figure, show
from loaded_service import load
from service import ROOT, service

from executors.engines.engine import Batch, Done, Request
from executors.engines.minilm import MiniLM
from executors.scheduler.events import BatchId


def main() -> None:
    """Measure everything and print it."""
    figures = [
        *asyncio.run(embedding()),
        *idle(),
        *together(runs=200),
        *from_a_fresh_clone(),
    ]
    sys.exit(not show(figures))


def from_a_fresh_clone() -> Iterator[Figure]:
    """Clone what is committed to an empty folder and follow the README."""
    with tempfile.TemporaryDirectory(prefix="teola-clone-") as folder:
        subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
        began = time.monotonic()
        subprocess.run(["make", "setup"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        ready = time.monotonic()
        subprocess.run(["make", "demo"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        ended = time.monotonic()
    yield Figure("set-up and demo from a fresh clone", (ended - began) / 60, 5, "min")
    yield Figure("the demo alone", ended - ready, 10, "s")


def idle() -> Iterator[Figure]:
    """Start the service three times; look at its memory before anything is asked of it."""
    seconds, rss = [], []
    for _ in range(3):
        began = time.monotonic()
        with service() as teola:
            seconds.append(time.monotonic() - began)
            teola.http.get("/readyz").raise_for_status()
            status = Path(f"/proc/{teola.pid}/status").read_text()
            rss.append(int(status.partition("VmRSS:")[2].split()[0]) / 1024)
    yield Figure("`teola up` until ready (worst of 3)", max(seconds), 2, "s")
    yield Figure("memory when idle (worst of 3)", max(rss), 150, "MiB")


def together(runs: int) -> Iterator[Figure]:
    """Ask the same question many times at once."""
    found = asyncio.run(load("naive_rag", runs))
    yield Figure(f"{runs} concurrent runs: event loop blocked at worst", found.lag_ms, 50, "ms")
    yield Figure("of them, runs that succeeded", found.succeeded, runs, "", most=False)
    yield Figure("until the last had finished", found.seconds, 60, "s")


async def embedding() -> list[Figure]:
    """Embed 1,000 short texts with the embedded model, once it is loaded."""
    engine = MiniLM()
    texts = [f"Passage {n}: a short text about lighthouses, keepers and fog." for n in range(1000)]
    await engine.start()
    try:
        began = time.monotonic()
        for at in range(0, len(texts), 32):
            request = Request(0, "embed", {"texts": texts[at : at + 32]}, "bench", "local")
            answers = [each async for each in engine.run(Batch(BatchId(at), (request,)))]
            assert isinstance(answers[-1], Done)
        rate = len(texts) / (time.monotonic() - began)
    finally:
        await engine.stop()
    return [Figure("short texts embedded", rate, 150, "texts/s", most=False)]


if __name__ == "__main__":
    main()
