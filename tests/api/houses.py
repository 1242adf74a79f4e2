"""A house with scripted engines, behind its routes in this process or behind a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from api.app import create_app
from api.compose import assemble, open_collections
from api.house import House
from api.serve import listen, server_of
from api.settings import Settings
from executors.documents import split
from executors.engines.engine import Engine, Request
from executors.engines.faiss_index import FaissIndex
from executors.engines.inline import Inline
from executors.engines.scripted import Behaviour, Scripted
from executors.pools import Pool
from planner.graph import PoolName

MakeHouse = Callable[..., House]

YAML = {"Content-Type": "application/yaml"}
TEXT = {"Content-Type": "text/plain", "X-File-Name": "note.txt"}
GREETING = """\
workflow: greeting
inputs: {name: string}
steps:
  line: {use: text, template: "Hello, {{ inputs.name }}."}
outputs: {greeting: $line.text}
"""
ASK = """\
workflow: ask
inputs: {documents: "file[]", question: string}
steps:
  chunks: {use: chunk, text: $inputs.documents}
  index: {use: index, chunks: $chunks.items}
  hits: {use: search, index: $index, query: $inputs.question, top_k: 2}
  answer: {use: llm, prompt: "{{ hits.docs | numbered }} {{ inputs.question }}"}
outputs: {answer: $answer.text, sources: $hits.docs}
stream: [answer]
"""
SAY = """\
workflow: say
inputs: {words: string}
steps:
  answer: {use: llm, prompt: $inputs.words}
outputs: {answer: $answer.text}
stream: [answer]
"""


def at_once(_: Request) -> Behaviour:
    """Answer without delay."""
    return Behaviour()


def stalls(_: Request) -> Behaviour:
    """Never answer."""
    return Behaviour(stalls=True)


def a_house(folder: Path, llm: Callable[[Request], Behaviour] = at_once, **settings: Any) -> House:
    """Build a house whose llm behaves as told."""
    chosen = Settings(data=folder, **settings)
    pools = _pools(Scripted("embedding"), Scripted("vector"), Scripted("llm", llm))
    return assemble(chosen, pools, open_collections(chosen))


def an_indexing_house(folder: Path, embedding: Engine, model: str) -> House:
    """Build a house whose searches are real, with an embedding engine of one's own."""
    chosen = Settings(data=folder)
    collections = open_collections(chosen)
    pools = _pools(embedding, FaissIndex(collections, model), Scripted("llm"))
    return assemble(chosen, pools, collections)


def _pools(embedding: Engine, vector: Engine, llm: Engine) -> tuple[Pool, ...]:
    inline = Inline(split, _words)
    return (
        Pool(PoolName("inline"), "inline", "fifo", (inline,), 1, 1_000),
        Pool(PoolName("embedding"), "embedding", "throughput", (embedding,), 8, 99),
        Pool(PoolName("vector"), "vector", "throughput", (vector,), 8, 99),
        Pool(PoolName("llm"), "llm", "fifo", (llm,), 4, 99),
        Pool(PoolName("rerank"), "rerank", "fifo", (Scripted("rerank"),), 4, 99),
    )


@asynccontextmanager
async def client_of(house: House, *, raise_faults: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    """Open the routes of `house` in this process, and stop it afterwards."""
    transport = httpx.ASGITransport(create_app(house), raise_app_exceptions=raise_faults)
    async with httpx.AsyncClient(transport=transport, base_url="http://teola") as opened:
        try:
            yield opened
        finally:
            await house.stop()


@asynccontextmanager
async def served(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Serve `house` on a free loopback port, where streams really stream."""
    with listen("127.0.0.1", 0) as listener:
        ready = asyncio.Event()
        server = server_of(house, ready.set)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await ready.wait()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=address, timeout=30) as opened:
            yield opened
        house.drain()
        server.should_exit = True
        await serving


def problem_of(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """Return the problem document that `answer` has to be."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["type"]) == (status, f"/problems/{slug}"), problem
    assert problem["status"] == status
    assert problem["instance"] == answer.request.url.path
    assert problem["title"]
    assert problem["detail"]
    assert problem["cure"]
    return problem


async def put(client: httpx.AsyncClient, name: str, text: str) -> httpx.Response:
    """Store a workflow that has to be right."""
    answer = await client.put(f"/v1/workflows/{name}", content=text, headers=YAML)
    assert answer.status_code in (200, 201), answer.text
    return answer


async def finished(client: httpx.AsyncClient, run: str) -> dict[str, Any]:
    """Return a run once it has ended."""
    answer = await client.get(f"/v1/runs/{run}", params={"wait": 30})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _words(text: str) -> list[int]:
    return list(range(len(text.split())))
