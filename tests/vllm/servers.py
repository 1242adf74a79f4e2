"""Three servers of vLLM on loopback, for tests and for trying things: chat, embedding, rerank.

They are started side by side and described in an engines.yaml that `teola up` reads. What could not
be started whole is stopped again.
"""

import os
import secrets
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from executors.engines.vllm_cores import keep_apart
from tests.vllm.sessions import Session, start

ROOT = Path(__file__).resolve().parents[2]
VLLM = ROOT / ".venv-vllm/bin/vllm"
CHECKPOINTS = ROOT / ".vllm/checkpoints"
KEY_VARIABLE = "TINY_KEY"
READY_S_MAX = 360.0
PROBE_S_MAX = 30.0
LOG_LINES_SHOWN = 15

#: What all three are started with. On a CPU the share of memory is one of all there is; a server
#: that does not find it free refuses to start. Its cache is sized by hand instead.
COMMON = (
    "--dtype", "float32", "--enforce-eager", "--gpu-memory-utilization", "0.05",
    "--kv-cache-memory-bytes", str(128 << 20), "--block-size", "32",
)  # fmt: skip
#: Free to put blanks between the parts of JSON, a model with random weights writes nothing else.
CHAT = (
    "--max-model-len", "8192", "--scheduling-policy", "priority", "--enable-prompt-tokens-details",
    "--structured-outputs-config", '{"backend":"xgrammar","disable_any_whitespace":true}',
    "--enable-auto-tool-choice", "--tool-call-parser", "hermes",
)  # fmt: skip
FLAGS: Mapping[str, Sequence[str]] = {
    "chat": CHAT,
    "embedding": ("--runner", "pooling"),
    "rerank": ("--runner", "pooling"),
}
#: The least that each can be asked for: `/health` is well before, and after, an engine can answer.
PROBES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "chat": ("/completions", {"prompt": "x", "max_tokens": 1}),
    "embedding": ("/embeddings", {"input": ["x"]}),
    "rerank": ("/rerank", {"query": "x", "documents": ["x"]}),
}
ENGINES = """\
pools:
  chat: {{kind: llm, adapter: openai, endpoint: "{0}", model: tiny-chat, structured: true,
    priorities: true, cache_per_tenant: true, {3}}}
  vectors: {{kind: embedding, adapter: openai, endpoint: "{1}", model: tiny-embedding, {3}}}
  ranks: {{kind: rerank, adapter: openai_rerank, endpoint: "{2}", model: tiny-rerank, {3}}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """One server; what its API is found under, and the processes that it is."""

    name: str
    port: int
    session: Session

    @property
    def model(self) -> str:
        """What it calls its model."""
        return f"tiny-{self.name}"

    @property
    def root(self) -> str:
        """Its address; what is no part of OpenAI's API is there."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """What all paths of its API begin with."""
        return f"{self.root}/v1"


@dataclass(frozen=True, slots=True)
class Servers:
    """All three, the key that they want, and the engines.yaml that names them."""

    chat: Server
    embedding: Server
    rerank: Server
    key: str
    engines: Path

    @property
    def variables(self) -> dict[str, str]:
        """What a service has to find in its environment to use them."""
        return {"TEOLA_ENGINES": str(self.engines), KEY_VARIABLE: self.key}

    def ask(self, server: Server, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """Send `body` to `path` of a server's API, as no adapter of ours would."""
        return _ask(server, self.key, path, body)

    def version(self) -> str:
        """Return the version that vLLM itself tells."""
        return str(httpx.get(f"{self.chat.root}/version").json()["version"])


@contextmanager
def running(folder: Path) -> Iterator[Servers]:
    """Run all three, their files in `folder`; they end with this process even if it is killed."""
    with ExitStack() as undo:
        undo.callback(down, folder)
        yield up(folder, tied=True)


@contextmanager
def running_alone(name: str, folder: Path, *flags: str) -> Iterator[tuple[Server, str]]:
    """Run one more, with `flags` of its own, to be treated badly; give it and its key."""
    key = secrets.token_hex(16)
    with ExitStack() as undo:
        undo.callback(down, folder)
        (server,) = _started(folder, (name,), key, flags, tied=True)
        yield server, key


def up(folder: Path, *, tied: bool = False) -> Servers:
    """Start all three side by side and return when each has answered a request."""
    down(folder)
    key = secrets.token_hex(16)
    servers = _started(folder, tuple(FLAGS), key, (), tied=tied)
    engines = folder / "engines.yaml"
    urls = [server.url for server in servers]
    engines.write_text(ENGINES.format(*urls, f"api_key_env: {KEY_VARIABLE}"))
    return Servers(*servers, key, engines)


def down(folder: Path) -> None:
    """Stop what was started with `folder`, if anything was; return when it is gone."""
    path = _list(folder)
    if path.exists():
        for each in orjson.loads(path.read_bytes()):
            Session(**each["session"]).end()
        path.unlink()


def _started(
    folder: Path, names: Sequence[str], key: str, flags: Sequence[str], *, tied: bool
) -> list[Server]:
    folder.mkdir(parents=True, exist_ok=True)
    servers: list[Server] = []
    with ExitStack() as undo:
        undo.callback(down, folder)
        for name, port in zip(names, _free_ports(len(names)), strict=True):
            command = [*_command(name, port), *flags]
            session = start(command, _environment(key), _log(folder, name), tied=tied)
            servers.append(Server(name, port, session))
            _list(folder).write_bytes(orjson.dumps([asdict(each) for each in servers]))
        until = time.monotonic() + READY_S_MAX
        for server in servers:
            _wait(server, key, until, _log(folder, server.name))
        keep_apart(os.getpid())
        undo.pop_all()
    return servers


def _command(name: str, port: int) -> list[str]:
    where = ("--host", "127.0.0.1", "--port", str(port), "--served-model-name", f"tiny-{name}")
    return [str(VLLM), "serve", str(CHECKPOINTS / name), *where, *COMMON, *FLAGS[name]]


def _environment(key: str) -> dict[str, str]:
    # Where Python keeps no bytecode, each of nine processes would compile torch and vLLM again.
    ours = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    quiet = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    return {**ours, **quiet, "VLLM_API_KEY": key}


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _wait(server: Server, key: str, until: float, log: Path) -> None:
    """Return when `server` has answered a request. Exit, with its log's end, if it does not."""
    pause_s = 0.25
    while server.session.members():
        try:
            answer = _ask(server, key, *PROBES[server.name])
            answer.raise_for_status()
            return
        except httpx.ConnectError:  # it does not listen yet
            if time.monotonic() > until:
                break
            time.sleep(pause_s)
            pause_s = min(2.0, 1.5 * pause_s)
        except httpx.HTTPError as error:
            sys.exit(f"the {server.name} server does not work: {error}\n{_end_of(log)}")
    sys.exit(f"the {server.name} server did not start\n{_end_of(log)}")


def _ask(server: Server, key: str, path: str, body: Mapping[str, Any]) -> httpx.Response:
    return httpx.post(
        f"{server.url}{path}",
        json={"model": server.model, **body},
        headers={"Authorization": f"Bearer {key}"},
        timeout=PROBE_S_MAX,
        trust_env=False,
    )


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:])


def _log(folder: Path, name: str) -> Path:
    return folder / f"{name}.log"


def _list(folder: Path) -> Path:
    return folder / "started.json"
