"""HTTP to the servers of engines: the one file that knows `httpx`.

It follows no redirect, reads no proxy from the environment, and reads no more than it is allowed.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from executors.engines.engine import EngineFailed
from executors.engines.server_errors import ServerFailed, not_understood, refused

if TYPE_CHECKING:
    import httpx

REPLY_BYTES_MAX = 64 << 20
ERROR_BYTES_MAX = 64 << 10
LINGER_S = 0.25


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds until a connection is up, until the first token (or, of what does not stream, the
    whole answer) is there, and between two signs of life after it.
    """

    connect_s: float = 5.0
    first_s: float = 120.0
    gap_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server is, up to what all its paths begin with, and the key that it wants."""

    url: str
    key: str | None = field(default=None, repr=False)
    timeouts: Timeouts = field(default_factory=Timeouts)
    reply_bytes_max: int = REPLY_BYTES_MAX

    @property
    def root(self) -> str:
        """Where a server has what is no part of OpenAI's API.

        >>> Endpoint("http://a/b/v1/").root, Endpoint("http://a/b").root
        ('http://a/b', 'http://a/b')
        """
        return self.url.rstrip("/").removesuffix("/v1")


class Answer:
    """An answer that began well, its body still on the way."""

    def __init__(self, media: str, chunks: AsyncGenerator[bytes, None], bytes_max: int) -> None:
        self.media = media
        self._chunks = chunks
        self._left = bytes_max

    async def chunk(self) -> bytes:
        """Return the next piece of the body; nothing at its end."""
        try:
            piece = await anext(self._chunks)
        except StopAsyncIteration:
            return b""
        self._left -= len(piece)
        if self._left < 0:
            raise not_understood("it is longer than any answer may be")
        return piece

    async def rest(self) -> bytes:
        """Return what of the body is still to come."""
        pieces = []
        while piece := await self.chunk():
            pieces.append(piece)
        return b"".join(pieces)

    async def linger(self) -> None:
        """Take the end of a body that has said all it has to, so that its connection is kept."""
        try:
            async with asyncio.timeout(LINGER_S):
                await self.rest()
        except TimeoutError:
            return


class HttpClient:
    """Connections to one server. Raises `ServerFailed`, and nothing of what is below it."""

    def __init__(self, endpoint: Endpoint, connections: int) -> None:
        self.endpoint = endpoint
        self._connections = connections
        self._client: httpx.AsyncClient | None = None

    async def start(self) -> None:
        """Make ready to connect; a second call changes nothing."""
        if self._client is None:
            import httpx

            self._client = httpx.AsyncClient(
                headers=self._headers(),
                verify=_trust(self.endpoint.url),
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(None, connect=self.endpoint.timeouts.connect_s),
                limits=httpx.Limits(
                    max_connections=self._connections,
                    max_keepalive_connections=self._connections,
                ),
            )

    async def stop(self) -> None:
        """Close every connection; a second call changes nothing."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def ask(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        *,
        at: str | None = None,
    ) -> Any:
        """Send `body`, or only ask if there is none; return the JSON of the whole answer."""
        text = await self.read(path, body, query, at=at)
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            raise not_understood("it is no JSON") from None

    async def read(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        *,
        at: str | None = None,
    ) -> bytes:
        """Send `body`, or only ask if there is none; return the whole answer."""
        deadline = asyncio.get_running_loop().time() + self.endpoint.timeouts.first_s
        async with until(deadline), self.stream(path, body, query, at=at) as answer:
            return await answer.rest()

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        *,
        at: str | None = None,
    ) -> AsyncIterator[Answer]:
        """Send `body` and hand over the answer while it comes. Leaving closes the connection.

        `path` comes after `at`, or after what all paths of the endpoint begin with.
        """
        import httpx

        client = self._client
        if client is None:
            raise EngineFailed("engine-not-started", "there is no connection.", "Start the engine.")
        url = f"{(at or self.endpoint.url).rstrip('/')}{path}"
        method = "GET" if body is None else "POST"
        content = None if body is None else orjson.dumps(body)
        try:
            async with AsyncExitStack() as open_:
                response = await open_.enter_async_context(
                    client.stream(method, url, content=content, params=query)
                )
                chunks = await open_.enter_async_context(aclosing(_raw(response)))
                if response.status_code != 200:
                    said, key = await _head(chunks), self.endpoint.key
                    raise refused(response.status_code, said, key, response.headers)
                if "Content-Encoding" in response.headers:
                    raise not_understood("it is compressed, which nobody asked for")
                media = response.headers.get("Content-Type", "").partition(";")[0].strip()
                yield Answer(media.lower(), chunks, self.endpoint.reply_bytes_max)
        except httpx.HTTPError as error:
            raise _failed(error) from None
        except httpx.InvalidURL:
            raise ServerFailed(
                "engine-unavailable", "the endpoint is no address", transient=False
            ) from None

    def _headers(self) -> dict[str, str]:
        asked = {
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "teola",
        }
        key = self.endpoint.key
        return asked if key is None else asked | {"Authorization": f"Bearer {key}"}


@asynccontextmanager
async def until(deadline: float) -> AsyncIterator[None]:
    """Raise `ServerFailed` if what is inside has not ended by `deadline`, on the loop's clock."""
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except TimeoutError:
        raise ServerFailed("engine-timeout", "the server took too long", transient=True) from None


def _trust(url: str) -> ssl.SSLContext:
    """Return whom to trust; reading all authorities takes a while, so only where it is needed."""
    import httpx

    if url.lower().startswith("https:"):
        return httpx.create_ssl_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def _raw(response: "httpx.Response") -> AsyncGenerator[bytes, None]:
    async with aclosing(response.aiter_raw()) as chunks:  # type: ignore[type-var]  # a generator
        async for chunk in chunks:
            yield chunk


async def _head(chunks: AsyncGenerator[bytes, None]) -> bytes:
    """Return as much of an error's body as is looked at."""
    read = b""
    async for chunk in chunks:
        read += chunk
        if len(read) >= ERROR_BYTES_MAX:
            break
    return read[:ERROR_BYTES_MAX]


def _failed(error: "httpx.HTTPError") -> ServerFailed:
    """Say in our words what went wrong on the way, by a table: the first kind that fits."""
    import httpx

    table: tuple[tuple[type[httpx.HTTPError], str, str, bool], ...] = (
        (httpx.ConnectTimeout, "engine-unavailable", "no connection came about in time", True),
        (httpx.TimeoutException, "engine-timeout", "the server took too long", True),
        (httpx.ConnectError, "engine-unavailable", "the server cannot be reached", True),
        (httpx.NetworkError, "engine-error", "the connection broke", True),
        (httpx.RemoteProtocolError, "engine-error", "the server broke off its answer", True),
        (httpx.DecodingError, "bad-reply", "the answer cannot be decoded", False),
        (httpx.UnsupportedProtocol, "engine-unavailable", "the endpoint is no address", False),
        (httpx.HTTPError, "engine-error", "the exchange failed", True),
    )
    code, detail, transient = next(entry[1:] for entry in table if isinstance(error, entry[0]))
    return ServerFailed(code, detail, transient=transient)
