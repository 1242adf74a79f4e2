"""Everything a running service is made of, put together once by `api.compose`."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from typing import Annotated

from fastapi import Depends, Request

from api.library import Library
from api.metrics import Metrics
from api.settings import Settings
from api.streaming import Streams
from executors.collections import Collections
from executors.reader import Reader
from executors.runner import Runner
from executors.store.files import Files
from executors.store.runs import RunStore
from executors.store.workflows import Workflows


@dataclass(frozen=True, slots=True)
class House:
    """One service. Engines load when they are first used; `stop` gives everything back.

    `sweeper` forgets what runs leave behind, off the event loop.
    """

    settings: Settings
    runner: Runner
    runs: RunStore
    files: Files
    workflows: Workflows
    collections: Collections
    sweeper: ThreadPoolExecutor
    library: Library
    metrics: Metrics
    streams: Streams
    uploads: asyncio.Semaphore
    reader: Reader
    spill: Path
    intake: asyncio.Semaphore
    now: Callable[[], datetime]

    def drain(self) -> None:
        """Take no new runs and end every stream; runs that were accepted go on."""
        self.streams.close()

    @property
    def draining(self) -> bool:
        """Whether the house is on its way down."""
        return self.streams.closing.is_set()

    async def stop(self) -> None:
        """Give everything back."""
        self.drain()
        await self.reader.stop()
        await self.runner.stop()
        self.sweeper.shutdown()
        self.collections.close()
        await asyncio.to_thread(rmtree, self.spill, ignore_errors=True)


def house_of(request: Request) -> House:
    """Return the house a request came to."""
    house: House = request.app.state.house
    return house


Here = Annotated[House, Depends(house_of)]
