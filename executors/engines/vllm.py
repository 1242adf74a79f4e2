"""vLLM servers that we start ourselves: one `vllm serve` a replica, kept up, spoken to by a client.

What is asked and answered is the client's business, the same as for a server that somebody else
has started. Here is only its life: started, ready once it has answered a call, started again when
it dies, ended where it is frozen.
"""

import asyncio
import secrets
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace

from executors.engines.engine import (
    Batch,
    Condition,
    Done,
    Emission,
    Engine,
    EngineFailed,
    EngineTraits,
    Fault,
    Load,
    Request,
)
from executors.engines.http_client import Endpoint, HttpClient, Timeouts
from executors.engines.kept_process import KeptProcess, Program
from executors.engines.server_errors import ServerFailed
from executors.engines.vllm_cores import keep_apart
from executors.engines.vllm_load import read_load
from executors.engines.vllm_serve import HOST, Serving, program_of, why_ended
from executors.scheduler.events import BatchId

#: Seconds between two tries to reach a server that is starting.
READY_S = 0.5
#: Seconds that a server may take to say how busy it is.
LOAD_S = 2.0
#: Seconds before a server that has died is started again: doubled with each death in a row.
BACKOFF_S, BACKOFF_S_MAX = 1.0, 60.0
#: Faults of calls whose server may have died before it began to answer.
_LOST = frozenset({"engine-error", "engine-unavailable"})
#: Faults of calls that a dead or frozen server is known by.
SUSPICIOUS = _LOST | {"engine-timeout"}
#: The smallest call of each kind.
_PROBES: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "llm": ("decode", {"prompt": "a", "max_tokens": 1}),
    "embedding": ("embed", {"texts": ["a"]}),
    "rerank": ("rerank", {"query": "a", "docs": [{"id": "a", "text": "a"}], "top_k": 1}),
}


@dataclass(slots=True)
class VllmServer:
    """A server that is up, and the client that speaks to it, until it is `gone`.

    `check` finds out whether it still answers.
    """

    process: KeptProcess
    client: Engine
    http: HttpClient
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    check: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Attempt:
    """One try to have a server: `over` when there is one, or `trouble` why there is none."""

    over: asyncio.Event = field(default_factory=asyncio.Event)
    server: VllmServer | None = None
    trouble: EngineFailed | None = None


class Vllm:
    """One replica: a server of its own, with the client that `make` returns for its endpoint.

    `environment` is what of ours the server sees. It may take `start_s` seconds to start; a call
    that comes meanwhile waits for it, and fails with what has kept the server from starting.
    """

    def __init__(
        self,
        make: Callable[[Endpoint], Engine],
        serving: Serving,
        timeouts: Timeouts,
        environment: Mapping[str, str],
        start_s: float,
    ) -> None:
        self._make = make
        self._serving = serving
        self._timeouts = timeouts
        self._environment = environment
        self._start_s = start_s
        self._attempt = _Attempt()
        self._restarts = 0
        self._trouble = ""
        self._supervisor: asyncio.Task[None] | None = None
        self.traits: EngineTraits = replace(make(Endpoint(f"http://{HOST}")).traits, name="vllm")

    def warm(self) -> None:
        """Begin to start the server; a second call changes nothing."""
        if self._supervisor is None:
            self._supervisor = asyncio.create_task(self._supervise(), name=self._serving.model)

    async def start(self) -> None:
        """Return when the server has answered a call. Raise `EngineFailed` where it does not."""
        self.warm()
        await self._server()

    async def stop(self) -> None:
        """End the server and all that it has started; a second call changes nothing."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.cancel()
            await asyncio.gather(supervisor, return_exceptions=True)

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Let the client answer; wait for a server first, where there is none just now.

        A call that its server has not begun to answer when it dies is put to the next one, once:
        what kills two servers is not given a third.
        """
        server, begun, lost = await self._server(), set(), dict[int, Fault]()
        async for emission in self._answered(server, batch):
            if (
                isinstance(emission, Fault)
                and emission.code in _LOST
                and emission.request not in begun
            ):
                lost[emission.request] = emission
                continue
            begun.add(emission.request)
            yield emission
        if not lost:
            return
        if await self._is_there(server):
            for fault in lost.values():
                yield fault
            return
        again = tuple(each for each in batch.requests if each.id in lost)
        async for emission in self._answered(await self._server(), Batch(batch.id, again)):
            yield emission

    async def _answered(self, server: VllmServer, batch: Batch) -> AsyncGenerator[Emission, None]:
        async with aclosing(server.client.run(batch)) as emissions:
            async for emission in emissions:
                if isinstance(emission, Fault) and emission.code in SUSPICIOUS:
                    self._suspect(server)
                yield emission

    async def condition(self) -> Condition:
        """Say how the server is, and ask it how busy."""
        server = self._attempt.server
        if server is None:
            if self._supervisor is None:
                return Condition("not started")
            return Condition("starting", self._trouble, self._restarts)
        return Condition("ready", self._trouble, self._restarts, await _load(server.http))

    async def _server(self) -> VllmServer:
        attempt = self._attempt
        await attempt.over.wait()
        if attempt.server is None:
            raise attempt.trouble or EngineFailed("engine-unavailable", "the engine was stopped")
        return attempt.server

    async def _supervise(self) -> None:
        try:
            await self._keep_up()
        finally:  # whoever waits is told
            self._attempt.server = None
            self._attempt.over.set()

    async def _keep_up(self) -> None:
        """Have a server at all times, until cancelled."""
        deaths = 0
        while True:
            try:
                async with self._served() as server:
                    deaths = 0
                    self._attempt.server = server
                    self._attempt.over.set()
                    how = await server.process.ended()
                    trouble = _down(server.process, how)
                    self._attempt = _Attempt()
                    server.gone.set()
            except EngineFailed as error:
                self._attempt.trouble = trouble = error
                self._attempt.over.set()
                self._attempt = _Attempt()
            self._trouble = str(trouble)
            await asyncio.sleep(min(BACKOFF_S_MAX, BACKOFF_S * 2**deaths))
            deaths += 1
            self._restarts += 1

    @asynccontextmanager
    async def _served(self) -> AsyncIterator[VllmServer]:
        """Start a server; hand it over once it has answered a call, and leave nothing of it."""
        port, key = self._serving.port or _free_port(), secrets.token_hex(16)
        program = program_of(self._serving, port, key, self._environment)
        endpoint = Endpoint(f"http://{HOST}:{port}/v1", key, self._timeouts)
        async with AsyncExitStack() as opened:
            process = await _started(program)
            opened.push_async_callback(process.stop)
            http, probing = HttpClient(Endpoint(endpoint.root), 1), self._make(endpoint)
            await _open(opened, http, probing)
            await self._ready(process, probing)
            if not self._serving.gpus:
                await asyncio.to_thread(keep_apart, process.keeper)
            client = await self._client(endpoint, http)
            await _open(opened, client)
            server = VllmServer(process, client, http)
            try:
                yield server
            finally:
                if server.check is not None:
                    server.check.cancel()

    async def _client(self, endpoint: Endpoint, http: HttpClient) -> Engine:  # noqa: ARG002  # others ask it
        """Return the client for a server that is ready. Raise `EngineFailed`."""
        return self._make(endpoint)

    async def _ready(self, process: KeptProcess, client: Engine) -> None:
        """Return when a server has answered a call. Raise `EngineFailed`."""
        ended = asyncio.ensure_future(process.ended())
        try:
            async with asyncio.timeout(self._start_s):
                while not await self._answers(client):
                    await asyncio.wait({ended}, timeout=READY_S)
                    if ended.done():
                        raise _down(process, ended.result())
        except TimeoutError:
            detail = f"vLLM was not ready within {self._start_s:g} s"
            raise EngineFailed("engine-unavailable", detail, transient=True) from None
        finally:
            ended.cancel()

    async def _answers(self, client: Engine) -> bool:
        """Whether a server is there and answers. Raise `EngineFailed` if it always will refuse."""
        op, args = _PROBES[self._serving.kind]
        probe = Batch(BatchId(0), (Request(0, op, args, "probe", "probe"),))
        async with aclosing(client.run(probe)) as emissions:
            async for emission in emissions:
                if isinstance(emission, Fault) and not emission.transient:
                    raise EngineFailed(emission.code, emission.detail)
                if isinstance(emission, Done):
                    return True
        return False

    def _suspect(self, server: VllmServer) -> None:
        """Find out whether a server that let a call wait for too long answers at all."""
        if server.check is None or server.check.done():
            server.check = asyncio.create_task(self._check(server), name="check")

    async def _is_there(self, server: VllmServer) -> bool:
        """Find out whether `server` is still there; if not, return when it is gone."""
        self._suspect(server)
        if server.check is not None:
            await asyncio.wait({server.check})
        if server.process.is_running:
            return True
        await server.gone.wait()
        return False

    async def _check(self, server: VllmServer) -> None:
        """End `server` if it neither answers a small call nor gets on with others meanwhile."""
        before = await _load(server.http)
        try:
            async with asyncio.timeout(self._timeouts.gap_s):
                answers = await self._answers(server.client)
        except (TimeoutError, EngineFailed):
            answers = False
        if not answers and not _moves(before, await _load(server.http)):
            await server.process.stop()  # its end is seen by the supervisor, as any other


async def _started(program: Program) -> KeptProcess:
    try:
        return await KeptProcess.start(program)
    except OSError as error:  # no process, no memory or no file is to be had
        detail = f"vLLM cannot be started: {error.strerror}"
        raise EngineFailed("engine-unavailable", detail, transient=True) from None


async def _open(opened: AsyncExitStack, *clients: Engine | HttpClient) -> None:
    for each in clients:
        opened.push_async_callback(each.stop)
        await each.start()


def _down(process: KeptProcess, how: str) -> EngineFailed:
    return EngineFailed("engine-unavailable", why_ended(how, process.lines), "", transient=True)


async def _load(http: HttpClient) -> Load | None:
    """Return what a server says of itself, None where it does not in time."""
    try:
        async with asyncio.timeout(LOAD_S), http.stream("/metrics") as page:
            return read_load((await page.rest()).decode())
    except (TimeoutError, ServerFailed, ValueError):
        return None


def _moves(before: Load | None, after: Load | None) -> bool:
    """Whether a server has read or said anything in between; one that says nothing has not."""
    if before is None or after is None:
        return False
    return (before.tokens_in, before.tokens_out) != (after.tokens_in, after.tokens_out)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
