"""Two servers of llama.cpp on loopback, one that chats and one that embeds, of one tiny model.

They are those of the package `llama-cpp-python`, which answer one request at a time.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.served.starting import ROOT, Kind, Server, down, new_key, started

PYTHON = ROOT / ".venv-llamacpp/bin/python"
MODEL = ROOT / ".llamacpp/tiny.gguf"
CONTEXT = 2_048
WIDTH = 192

#: With its default, a request that comes breaks off the stream that another one reads.
COMMON = ("--interrupt_requests", "False", "--n_ctx", str(CONTEXT), "--verbose", "False")
FLAGS: Mapping[str, Sequence[str]] = {"chat": (), "embedding": ("--embedding", "True")}
PROBES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "chat": ("/completions", {"prompt": "x", "max_tokens": 1}),
    "embedding": ("/embeddings", {"input": ["x"]}),
}


@dataclass(frozen=True, slots=True)
class Servers:
    """Both, and the key that they want."""

    chat: Server
    embedding: Server
    key: str


@contextmanager
def running(folder: Path) -> Iterator[Servers]:
    """Run both, their files in `folder`; they end with this process even if it is killed."""
    key = new_key()
    with ExitStack() as undo:
        undo.callback(down, folder)
        yield Servers(*started(KIND, folder, tuple(FLAGS), key, tied=True), key)


def _command(name: str, port: int) -> list[str]:
    where = ("--host", "127.0.0.1", "--port", str(port), "--model_alias", f"tiny-{name}")
    program = (str(PYTHON), "-m", "llama_cpp.server", "--model", str(MODEL))
    return [*program, *where, *COMMON, *FLAGS[name]]


def _environment(key: str) -> dict[str, str]:
    # The server reads its settings from there too, by names such as MODEL and HOST.
    passed = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**passed, "API_KEY": key}


KIND = Kind(_command, _environment, PROBES)
