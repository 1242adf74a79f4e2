"""A vLLM server of our own that serves a language model: it tells tokens and warms prefixes too."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from executors.engines.control_tokens import ControlTokens
from executors.engines.engine import (
    Engine,
    EngineFailed,
    Request,
    Tokenizes,
    Tokens,
    Warmed,
    Warms,
)
from executors.engines.http_client import Endpoint, HttpClient, Timeouts
from executors.engines.vllm import SUSPICIOUS, Vllm, VllmServer
from executors.engines.vllm_control import ask_control
from executors.engines.vllm_serve import Serving


class VllmLanguage(Vllm):
    """One replica whose client is a language model's.

    `control`: what no text of a chat may spell; None: each server is asked once it is up.
    """

    def __init__(
        self,
        make: Callable[[Endpoint, ControlTokens], Engine],
        serving: Serving,
        timeouts: Timeouts,
        environment: Mapping[str, str],
        start_s: float,
        control: ControlTokens | None = None,
    ) -> None:
        first = control or ControlTokens()
        super().__init__(lambda at: make(at, first), serving, timeouts, environment, start_s)
        self._make_for = make
        self._control = control

    async def _client(self, endpoint: Endpoint, http: HttpClient) -> Engine:
        control = await ask_control(http) if self._control is None else self._control
        return self._make_for(endpoint, control)

    async def tokens(self, request: Request) -> Tokens:
        """Let the client ask; wait for a server first, where there is none just now."""
        server = await self._server()
        if not isinstance(server.client, Tokenizes):
            raise EngineFailed("unsupported-op", "the client of the server tells no tokens")
        with self._watched(server):
            return await server.client.tokens(request)

    async def warm_prefix(self, request: Request) -> Warmed:
        """Let the client warm; wait for a server first, where there is none just now."""
        server = await self._server()
        if not isinstance(server.client, Warms):
            raise EngineFailed("unsupported-op", "the client of the server warms nothing")
        with self._watched(server):
            return await server.client.warm_prefix(request)

    @contextmanager
    def _watched(self, server: VllmServer) -> Iterator[None]:
        """Look after a server that fails inside as one that is dead or frozen does."""
        try:
            yield
        except EngineFailed as error:
            if error.code in SUSPICIOUS:
                self._suspect(server)
            raise
