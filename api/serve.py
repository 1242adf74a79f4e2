"""The service as a process: its socket, its signals, and leaving in good order."""

import asyncio
import errno
import gc
import logging
import os
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from api.app import create_app
from api.house import House

#: Objects made since the garbage collector last looked at the youngest.
YOUNG_MAX = 50_000
_LINGER_S = 2
#: Longer than clients keep a connection they do not use, so that it is they who close it.
_KEEP_ALIVE_S = 75
#: A connection whose peer takes nothing for so long is dropped, and what was to be sent with it.
_DEAF_MS_MAX = 30_000
_HEADERS_BYTES_MAX = 16 << 10


class PortTaken(Exception):
    """Nothing can listen at `host`:`port`; the message says what to do."""

    def __init__(self, host: str, port: int, why: str) -> None:
        cure = "choose another with --port, or --port 0 for a free one"
        super().__init__(f"cannot listen on {host}:{port} ({why}); {cure}")
        self.host = host
        self.port = port


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 is any free one. Raise `PortTaken`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2_048)
    except OSError as error:
        why = "it is taken" if error.errno == errno.EADDRINUSE else os.strerror(error.errno or 0)
        raise PortTaken(host, port, why) from None
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections have it from their listener
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAF_MS_MAX)
    return listener


def serve(house: House, listener: socket.socket, ready: Callable[[], object]) -> None:
    """Serve until a signal comes, then drain; see `server_of`."""
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # faults have a line of ours
    server_of(house, ready).run(sockets=[listener])


def server_of(house: House, ready: Callable[[], object]) -> uvicorn.Server:
    """Return the server of `house`. `ready` is called once requests are taken.

    SIGTERM or SIGINT: no new runs, streams are ended, runs that were accepted may finish within
    `drain_s`. A second signal ends it at once.
    """
    config = uvicorn.Config(
        create_app(house),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="none",
        loop="uvloop",
        http="h11",  # bounds the size of headers, which httptools does not
        h11_max_incomplete_event_size=_HEADERS_BYTES_MAX,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_LINGER_S,
    )
    return _Server(config, house, ready)


def rest_the_collector() -> None:
    """Let the garbage collector look at what runs make alone, and less often than it would.

    What start-up made lives as long as the process. A run makes some thousand objects that die by
    themselves: looking at the youngest after each 700 of them is a tenth of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, 20, 20)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, house: House, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self.house = house
        self.ready = ready
        self.draining: asyncio.Task[None] | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            rest_the_collector()
            self.ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # theirs
        if self.loop is None or self.draining is not None:
            self.should_exit = self.force_exit = True
        else:
            self.loop.call_soon_threadsafe(self._begin_to_drain)

    def _begin_to_drain(self) -> None:
        if self.draining is None:
            self.draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        self.house.drain()
        try:
            async with asyncio.timeout(self.house.settings.drain_s):
                await self.house.runs.settled()
        except TimeoutError:
            logging.getLogger("teola").warning("runs were still going on when the time was over")
        self.should_exit = True
