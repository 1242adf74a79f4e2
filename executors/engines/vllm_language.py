"""A vLLM server of our own that serves a language model: it tells tokens and warms prefixes too."""

from collections.abc import Iterator
from contextlib import contextmanager

from executors.engines.engine import EngineFailed, Request, Tokenizes, Tokens, Warmed, Warms
from executors.engines.vllm import SUSPICIOUS, Vllm, VllmServer


class VllmLanguage(Vllm):
    """One replica whose client is a language model's."""

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
