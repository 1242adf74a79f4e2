"""A real HTTP server on loopback that speaks OpenAI's API, and misbehaves when it is told to.

What it answers follows from what it is asked and nothing else. It keeps what it was sent,
and counts tokens by itself: a token is a word.
"""

import json
import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

EVENTS = "text/event-stream"
JSON = "application/json"
DIMENSION = 8


@dataclass(frozen=True)
class Play:
    """One answer as it goes over the wire. `cut`: the connection breaks after the last chunk;
    `stalls`: nothing more comes until the client is gone.
    """

    chunks: tuple[bytes, ...] = ()
    status: int = 200
    media: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    stalls: bool = False

    def tokens(self) -> dict[str, int]:
        """What of tokens this tells, its last word counting."""
        told = [each for each in map(_usage, self.chunks) if each]
        return told[-1] if told and self.status == 200 else {}

    @staticmethod
    def of(value: Any, **more: Any) -> "Play":
        return Play((_sent(value).encode(),), **more)

    @staticmethod
    def events(*values: Any, **more: Any) -> "Play":
        data = (each if isinstance(each, str) else _sent(each) for each in values)
        return Play(tuple(f"data: {each}\n\n".encode() for each in data), media=EVENTS, **more)


@dataclass(frozen=True)
class Seen:
    """One request as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Left:
    """An answer that its client closed the connection on: so many chunks had been sent by then."""

    path: str
    sent: int


class LocalServer:
    """What a test talks to: `url` ends in `/v1`. `play` says what comes next, once each."""

    def __init__(self, port: int = 0) -> None:
        self.seen: list[Seen] = []
        self.left: list[Left] = []
        self.plays: deque[Play | Callable[[Seen], Play]] = deque()
        self.otherwise: Callable[[Seen], Play] = usual
        self.asked = threading.Event()  #: a request has come
        self.tokens: Counter[str] = Counter()  #: in, out and cached, as it has told its clients
        self.open = 0  #: requests under way
        self.changed = threading.Condition()  #: guards what is counted
        self.gone = threading.Event()  #: a client has left in the middle of an answer
        self.closing = threading.Event()
        self._http = ThreadingHTTPServer(
            ("127.0.0.1", port), type("Handler", (_Handler,), {"local": self})
        )
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def play(self, *plays: Play | Callable[[Seen], Play]) -> None:
        self.plays.extend(plays)

    @contextmanager
    def up(self) -> Iterator["LocalServer"]:
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self.closing.set()
            self._http.shutdown()
            thread.join()
            self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    local: LocalServer
    sent: int  #: chunks of the answer under way

    def do_POST(self) -> None:
        self._do(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def do_GET(self) -> None:
        self._do(None)

    def _do(self, body: Any) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, parts.path, parts.query, headers, body)
        plays = self.local.plays
        play = plays.popleft() if plays else self.local.otherwise
        self.local.seen.append(seen)
        self._under_way(1)
        self.local.asked.set()
        try:
            self._perform(play(seen) if callable(play) else play)
        except OSError:
            self.local.left.append(Left(parts.path, self.sent))
            self.local.gone.set()
            self.close_connection = True
        finally:
            self._under_way(-1)

    def _under_way(self, more: int) -> None:
        with self.local.changed:
            self.local.open += more
            self.local.changed.notify_all()

    def _perform(self, play: Play) -> None:
        self.sent = 0
        with self.local.changed:
            self.local.tokens.update(play.tokens())  # before they are told: a client may be quick
        self.send_response(play.status)
        self.send_header("Content-Type", play.media)
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in play.headers.items():
            self.send_header(name, value)
        self.end_headers()
        for self.sent, chunk in enumerate(play.chunks):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.flush()
        self.sent = len(play.chunks)
        if play.stalls:
            self._wait_until_gone()
        elif not play.cut:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = play.cut or play.stalls

    def _wait_until_gone(self) -> None:
        self.connection.settimeout(0.02)
        while not self.local.closing.is_set():
            try:
                if self.connection.recv(1) == b"":
                    raise ConnectionResetError
            except TimeoutError:
                continue

    def log_message(self, *_: Any) -> None:
        pass


def _sent(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _usage(piece: bytes) -> dict[str, int] | None:
    """Return the tokens that one chunk of an answer tells of, if it does."""
    try:
        told = json.loads(piece.removeprefix(b"data: "))
        usage = told["usage"]
    except (ValueError, KeyError, TypeError):
        return None
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
    read = usage.get("prompt_tokens", usage.get("total_tokens", 0))
    found = {"in": read, "out": usage.get("completion_tokens", 0), "cached": cached}
    return found if all(isinstance(each, int) and each >= 0 for each in found.values()) else None


def usual(seen: Seen) -> Play:
    """Return what a well-behaved server answers."""
    match seen.path:
        case "/v1/chat/completions":
            return chat(seen)
        case "/v1/completions":
            return plain(seen)
        case "/v1/embeddings":
            return Play.of(embeddings(seen.body))
        case "/v1/rerank":
            return Play.of(reranked(seen.body))
        case "/v1/score":
            return Play.of(scored(seen.body))
        case "/v1/models":
            return Play.of({"object": "list", "data": [{"id": "m", "object": "model"}]})
        case "/search":
            return Play.of({"query": "", "results": []})
    return Play.of({"error": {"message": "no such path"}}, status=404)


def said(body: Any) -> str:
    """Return the reply to a chat: what the user said last, and a word that depends on all of it.

    Held to a schema, it is an object that meets it.
    """
    if held := body.get("response_format"):
        return json.dumps(_filled(held["json_schema"]["schema"]))
    last = body["messages"][-1]["content"]
    digest = sha256(json.dumps(body["messages"], sort_keys=True).encode()).hexdigest()[:6]
    return f"You said: {last} ({digest})"


def _filled(schema: Any) -> Any:
    """Return a value of a plain schema."""
    match schema["type"]:
        case "object":
            return {name: _filled(each) for name, each in schema["properties"].items()}
        case "array":
            return [_filled(schema["items"]) for _ in range(schema.get("maxItems", 2))]
        case "boolean":
            return True
        case "string":
            return "lighthouse keepers"
    return 1


def chat(seen: Seen) -> Play:
    """Answer a chat: with the first tool, where there is one."""
    body = seen.body
    if body.get("tools"):
        function = {"name": body["tools"][0]["function"]["name"], "arguments": '{"q": "x"}'}
        call = {"id": "call_1", "type": "function", "function": function}
        return answered(body, {"content": None, "tool_calls": [call]}, "tool_calls")
    text, finish = cut(body, said(body))
    return answered(body, {"content": text}, finish)


def cut(body: Any, text: str) -> tuple[str, str]:
    """Return as much of `text` as may be said, and why it ends."""
    words = text.split(" ")
    most = body.get("max_tokens", len(words))
    return " ".join(words[:most]), "length" if most < len(words) else "stop"


def answered(body: Any, message: dict[str, Any], finish: str) -> Play:
    """Say `message` in pieces or whole, as the request asks."""
    read = sum(len((each["content"] or "").split()) for each in body["messages"])
    usage = {
        **counted(read, len((message["content"] or "").split())),
        "prompt_tokens_details": {"cached_tokens": 3},
    }
    if not body.get("stream"):
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
        return Play.of(whole(body, choice, usage))
    pieces = [chunk(body, each) for each in _deltas(message)]
    return _streamed(body, [*pieces, chunk(body, {}, finish)], usage)


def counted(read: int, written: int) -> dict[str, int]:
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _streamed(body: Any, pieces: list[dict[str, Any]], usage: Any) -> Play:
    if (body.get("stream_options") or {}).get("include_usage"):
        pieces = [*pieces, {**pieces[-1], "choices": [], "usage": usage}]
    return Play.events(*pieces, "[DONE]")


def _deltas(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Cut a message: its text after each space, the arguments of its tool calls in halves."""
    if message["content"] is not None:
        yield {"role": "assistant", "content": ""}
        for piece in re.split("(?<= )", message["content"]):
            yield {"content": piece}
    if refusal := message.get("refusal"):
        yield {"refusal": refusal}
    for at, call in enumerate(message.get("tool_calls") or ()):
        name, arguments = call["function"]["name"], call["function"]["arguments"]
        half = len(arguments) // 2
        first = {**call, "index": at, "function": {"name": name, "arguments": arguments[:half]}}
        yield {"role": "assistant", "content": None, "tool_calls": [first]}
        second = {"index": at, "function": {"arguments": arguments[half:]}}
        yield {"tool_calls": [second]}


def plain(seen: Seen) -> Play:
    """Answer a plain completion."""
    body = seen.body
    text, finish = cut(body, f"Then {body['prompt']}")
    usage = counted(len(body["prompt"].split()), len(text.split()))
    if not body.get("stream"):
        choice = {"index": 0, "text": text, "finish_reason": finish}
        return Play.of({**whole(body, choice, usage), "object": "text_completion"})
    said = [(text[:4], None), (text[4:], None), ("", finish)]
    pieces = [
        {**chunk(body, {}), "choices": [{"index": 0, "text": piece, "finish_reason": end}]}
        for piece, end in said
    ]
    return _streamed(body, pieces, usage)


def chunk(body: Any, delta: Any, finish: str | None = None) -> dict[str, Any]:
    return {
        "id": "chat-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def whole(body: Any, choice: Any, usage: Any) -> dict[str, Any]:
    return {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [choice],
        "usage": usage,
    }


def vector(text: str) -> list[float]:
    return [byte / 255 for byte in sha256(text.encode()).digest()[:DIMENSION]]


def embeddings(body: Any) -> dict[str, Any]:
    rows = [
        {"object": "embedding", "index": at, "embedding": vector(text)}
        for at, text in enumerate(body["input"])
    ]
    tokens = sum(len(text.split()) for text in body["input"])
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": rows, "model": body["model"], "usage": usage}


def scored(body: Any) -> dict[str, Any]:
    found = reranked({**body, "query": body["text_1"], "documents": body["text_2"]})
    rows = [{"index": row["index"], "score": row["relevance_score"]} for row in found["results"]]
    return {"model": body["model"], "data": rows, "usage": found["usage"]}


def reranked(body: Any) -> dict[str, Any]:
    asked = set(body["query"].lower().split())
    results = [
        {"index": at, "relevance_score": len(asked & set(text.lower().split())) / len(asked)}
        for at, text in enumerate(body["documents"])
    ]
    best = sorted(results, key=lambda row: -row["relevance_score"])
    texts = [body["query"], *body["documents"]]
    usage = {"total_tokens": sum(len(text.split()) for text in texts)}
    return {"model": body["model"], "results": best, "usage": usage}
