"""A house with scripted engines behind real HTTP routes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.compose import assemble, open_collections
from api.house import House
from api.settings import Settings
from executors.documents import split
from executors.engines.engine import Request
from executors.engines.inline import Inline
from executors.engines.scripted import Behaviour, Scripted
from executors.pools import Pool
from planner.graph import PoolName

MakeHouse = Callable[..., House]


def at_once(_: Request) -> Behaviour:
    """Answer without delay."""
    return Behaviour()


def stalls(_: Request) -> Behaviour:
    """Never answer."""
    return Behaviour(stalls=True)


@pytest.fixture
def make_house(tmp_path: Path) -> MakeHouse:
    def make(llm: Callable[[Request], Behaviour] = at_once, **settings: Any) -> House:
        chosen = Settings(data=tmp_path, **settings)
        inline = Inline(lambda texts, size, overlap: split(texts, size, overlap, _words))
        pools = (
            Pool(PoolName("inline"), "inline", "fifo", (inline,), 1, 1_000),
            Pool(PoolName("embedding"), "embedding", "throughput", (Scripted("embedding"),), 8, 99),
            Pool(PoolName("vector"), "vector", "throughput", (Scripted("vector"),), 8, 99),
            Pool(PoolName("llm"), "llm", "fifo", (Scripted("llm", llm),), 4, 99),
        )
        return assemble(chosen, pools, open_collections(chosen))

    return make


@asynccontextmanager
async def client_of(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Open the routes of `house`, and stop it afterwards."""
    transport = httpx.ASGITransport(create_app(house))
    async with httpx.AsyncClient(transport=transport, base_url="http://teola") as client:
        try:
            yield client
        finally:
            await house.stop()


def _words(text: str) -> list[int]:
    return list(range(len(text.split())))
