"""Language models behind any server that speaks OpenAI's API: vLLM, SGLang, llama.cpp, hosted ones.

It knows requests and replies; how they look on the wire is told in `openai_request`,
`openai_reply`, and what a refusal means in `server_errors`.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, contextmanager
from typing import Any

from executors.engines.engine import (
    Batch,
    Delta,
    Done,
    Emission,
    EngineFailed,
    EngineTraits,
    Fault,
    FirstToken,
    Request,
    Tokens,
    Warmed,
)
from executors.engines.firewall import NotSendable
from executors.engines.http_client import Answer, Endpoint, HttpClient, until
from executors.engines.openai_reply import Reply
from executors.engines.openai_request import (
    PATHS,
    Describe,
    Model,
    body_of,
    said_of,
    stops_kept,
)
from executors.engines.openai_tokens import ask_tokens
from executors.engines.openai_warming import Warming
from executors.engines.server_errors import ServerFailed, costing, not_understood
from executors.engines.server_events import ServerEvents
from executors.engines.stop_strings import StopStrings

_JSON = "application/json"
#: Connections for what is asked beside the calls, which never wait for it.
_BESIDE = 4


class OpenAI:
    """One replica: `slots` calls at a time to one server.

    Closing a batch early closes its connection, which is how such a server learns of it.
    """

    def __init__(
        self, endpoint: Endpoint, model: Model, slots: int = 16, describe: Describe = lambda _: None
    ) -> None:
        self._http = HttpClient(endpoint, slots)
        self._beside = HttpClient(endpoint, _BESIDE)
        self._warming = Warming(self._beside, model)
        self._model = model
        self._describe = describe
        self.traits = EngineTraits(
            name="openai",
            model=model.name,
            kind="llm",
            ops=frozenset({"prefill", "decode", *(("partial_prefill",) if model.warms else ())}),
            slots=slots,
            batch_rows_max=1,
            streams=True,
            deterministic=False,
            batch_invariant=False,
        )

    async def start(self) -> None:
        """Make ready to connect; whether the server is there, the first call will tell."""
        for http in (self._http, self._beside):
            await http.start()

    async def stop(self) -> None:
        """Close every connection."""
        for http in (self._http, self._beside):
            await http.stop()

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Make each call in turn."""
        for request in batch.requests:
            async with aclosing(self._call(request)) as emissions:
                async for emission in emissions:
                    yield emission

    async def tokens(self, request: Request) -> Tokens:
        """Ask the server for the tokens of the prompt, in the chat's template."""
        with _telling():
            said = said_of(request.args, self._model, self._describe)
            return await ask_tokens(self._beside, self._model, said)

    async def warm_prefix(self, request: Request) -> Warmed:
        """Let the server read what is known of the prompt, after all else that waits there."""
        with _telling():
            said = said_of(request.args, self._model, self._describe)
            return await self._warming.warm(said, request.tenant)

    async def _ahead(self, request: Request) -> Done | Fault:
        try:
            return Done(request.id, {}, (await self.warm_prefix(request)).usage)
        except EngineFailed as error:
            transient, usage = error.transient, error.usage
            return Fault(request.id, error.code, error.detail, transient, usage=usage)

    async def _call(self, request: Request) -> AsyncGenerator[Emission, None]:
        if request.op == "partial_prefill":
            yield await self._ahead(request)
            return
        if request.op != "decode":
            yield Fault(request.id, "unsupported-op", f"openai does not run {request.op} alone")
            return
        try:
            body = body_of(request, self._model, self._describe)
            stops = StopStrings(stops_kept(request.args, self._model.dialect))
        except NotSendable as error:
            yield Fault(request.id, "bad-request", str(error))
            return
        reply, told, failed = Reply(self._http.endpoint.key, stops), False, None
        try:
            async with aclosing(self._pieces(body, reply)) as pieces:
                async for piece in pieces:
                    if not told:
                        told = True
                        yield FirstToken(request.id)
                    usage = reply.newly_counted()
                    if piece or usage is not None:
                        yield Delta(request.id, piece, usage)
        except ServerFailed as error:
            failed = error
        yield _end(request, reply, failed)

    async def _pieces(self, body: dict[str, Any], reply: Reply) -> AsyncGenerator[str, None]:
        """Yield the reply's text piece by piece, the first once the prompt has been read."""
        times, path = self._http.endpoint.timeouts, PATHS[self._model.api]
        clock = asyncio.get_running_loop().time
        async with AsyncExitStack() as opened:
            deadline = clock() + times.first_s
            async with until(deadline):
                answer = await opened.enter_async_context(self._http.stream(path, body))
            read = _reader(answer)
            while not reply.ended:
                async with until(deadline):
                    events = await read()
                if events is None:
                    return
                for event in events:
                    piece = reply.take_whole(event) if answer.media == _JSON else reply.take(event)
                    if reply.begun:
                        deadline = clock() + times.gap_s
                        yield piece
            if not reply.stops.found:  # or the server would go on writing for nobody
                await answer.linger()


@contextmanager
def _telling() -> Iterator[None]:
    """Raise what goes wrong inside as an `EngineFailed`."""
    try:
        yield
    except NotSendable as error:
        raise EngineFailed("bad-request", str(error)) from None
    except ServerFailed as error:
        raise EngineFailed(
            error.code, error.detail, transient=error.transient, usage=error.usage
        ) from None


def _reader(answer: Answer) -> Callable[[], Awaitable[list[bytes] | None]]:
    """Return what gives the next events of `answer`, None at its end."""
    events = ServerEvents()

    async def whole() -> list[bytes]:
        return [await answer.rest()]

    async def streamed() -> list[bytes] | None:
        chunk = await answer.chunk()
        return events.feed(chunk) if chunk else None

    match answer.media:
        case "application/json":
            return whole
        case "text/event-stream":
            return streamed
    raise not_understood("it is no stream of events")


def _end(request: Request, reply: Reply, failed: ServerFailed | None) -> Done | Fault:
    """Return the end of a call. What breaks after a reply has been finished changes nothing."""
    try:
        with costing(reply.usage):
            if failed is not None and not (reply.finished and failed.transient):
                raise failed
            return Done(request.id, reply.outputs(), reply.usage)
    except ServerFailed as error:
        return error.fault(request.id)
