"""Three servers of vLLM on loopback, for tests and for trying things: chat, embedding, rerank.

They are described in an engines.yaml that `teola up` reads.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.served.starting import ROOT, Kind, Server, ask, down, new_key, started

VLLM = ROOT / ".venv-vllm/bin/vllm"
CHECKPOINTS = ROOT / ".vllm/checkpoints"
KEY_VARIABLE = "TINY_KEY"

#: What all three are started with. On a CPU the share of memory is one of all there is; a server
#: that does not find it free refuses to start. Its cache is sized by hand instead.
COMMON = (
    "--dtype", "float32", "--enforce-eager", "--gpu-memory-utilization", "0.05",
    "--kv-cache-memory-bytes", str(128 << 20), "--block-size", "32",
)  # fmt: skip
#: An engine works in its own process, by one thread. With workers apart it spins for a second after
#: each answer, and so do they; and threads spin while they wait for each other. On two cores all
#: else would stand still meanwhile.
UNSPINNING: Mapping[str, str] = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "OMP_NUM_THREADS": "1"}
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
#: The least to ask: `/health` is well before, and after, an engine can answer.
PROBES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "chat": ("/completions", {"prompt": "x", "max_tokens": 1}),
    "embedding": ("/embeddings", {"input": ["x"]}),
    "rerank": ("/rerank", {"query": "x", "documents": ["x"]}),
}
ENGINES = """\
pools:
  chat: {{kind: llm, adapter: openai, endpoint: "{0}", model: tiny-chat, server: vllm,
    structured: true, priorities: true, cache_per_tenant: true, {3}}}
  vectors: {{kind: embedding, adapter: openai, endpoint: "{1}", model: tiny-embedding, {3}}}
  ranks: {{kind: rerank, adapter: openai_rerank, endpoint: "{2}", model: tiny-rerank, {3}}}
"""


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
        return ask(server, self.key, path, body)

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
    key = new_key()
    with ExitStack() as undo:
        undo.callback(down, folder)
        (server,) = started(KIND, folder, (name,), key, flags, tied=True)
        yield server, key


def up(folder: Path, *, tied: bool = False) -> Servers:
    """Start all three side by side and return when each has answered a request."""
    down(folder)
    key = new_key()
    servers = started(KIND, folder, tuple(FLAGS), key, tied=tied)
    engines = folder / "engines.yaml"
    urls = [server.url for server in servers]
    engines.write_text(ENGINES.format(*urls, f"api_key_env: {KEY_VARIABLE}"))
    return Servers(*servers, key, engines)


def _command(name: str, port: int) -> list[str]:
    where = ("--host", "127.0.0.1", "--port", str(port), "--served-model-name", f"tiny-{name}")
    return [str(VLLM), "serve", str(CHECKPOINTS / name), *where, *COMMON, *FLAGS[name]]


def _environment(key: str) -> dict[str, str]:
    # Where Python keeps no bytecode, each of six processes would compile torch and vLLM again.
    ours = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    quiet = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}
    return {**ours, **quiet, **UNSPINNING, "VLLM_API_KEY": key}


KIND = Kind(_command, _environment, PROBES)
