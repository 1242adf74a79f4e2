"""Fixtures of the HTTP tests: a house, and a client of one."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.api.houses import MakeHouse, a_house, client_of


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def make_house(tmp_path: Path) -> MakeHouse:
    """Build a house whose llm behaves as told, with settings as given."""
    return partial(a_house, tmp_path / "data")


@pytest.fixture
async def client(make_house: MakeHouse) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a house with usual settings, in this process."""
    async with client_of(make_house()) as opened:
        yield opened
