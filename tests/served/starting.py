"""Servers of OpenAI's API on loopback, for tests: started side by side, and stopped.

What a server is, its command line and its models, is for the folders of `tests` named after each.
"""

import secrets
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from tests.served.sessions import Session, start

ROOT = Path(__file__).resolve().parents[2]
READY_S_MAX = 360.0
PROBE_S_MAX = 30.0
LOG_LINES_SHOWN = 15


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
class Kind:
    """How servers of one kind are started, by their names, and the least that each can be asked.

    Only an answer says that one is ready: a server listens before, and is well, too.
    """

    command: Callable[[str, int], Sequence[str]]
    environment: Callable[[str], Mapping[str, str]]
    probes: Mapping[str, tuple[str, Mapping[str, Any]]]


def new_key() -> str:
    """Return a key for servers to want."""
    return secrets.token_hex(16)


def started(
    kind: Kind,
    folder: Path,
    names: Sequence[str],
    key: str,
    flags: Sequence[str] = (),
    *,
    tied: bool = False,
) -> list[Server]:
    """Start servers side by side, their files in `folder`; return when each has answered.

    What could not be started whole is stopped again. `tied`: they end with this process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    servers: list[Server] = []
    with ExitStack() as undo:
        undo.callback(down, folder)
        for name, port in zip(names, _free_ports(len(names)), strict=True):
            command = [*kind.command(name, port), *flags]
            session = start(command, kind.environment(key), _log(folder, name), tied=tied)
            servers.append(Server(name, port, session))
            _list(folder).write_bytes(orjson.dumps([asdict(each) for each in servers]))
        until = time.monotonic() + READY_S_MAX
        for server in servers:
            _wait(server, key, kind.probes[server.name], until, _log(folder, server.name))
        undo.pop_all()
    return servers


def down(folder: Path) -> None:
    """Stop what was started with `folder`, if anything was; return when it is gone."""
    path = _list(folder)
    if path.exists():
        for each in orjson.loads(path.read_bytes()):
            Session(**each["session"]).end()
        path.unlink()


def ask(server: Server, key: str, path: str, body: Mapping[str, Any]) -> httpx.Response:
    """Send `body` to `path` of a server's API, as no adapter of ours would."""
    return httpx.post(
        f"{server.url}{path}",
        json={"model": server.model, **body},
        headers={"Authorization": f"Bearer {key}"},
        timeout=PROBE_S_MAX,
        trust_env=False,
    )


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _wait(
    server: Server, key: str, probe: tuple[str, Mapping[str, Any]], until: float, log: Path
) -> None:
    """Return when `server` has answered `probe`. Exit, with its log's end, if it does not."""
    pause_s = 0.25
    while server.session.members():
        try:
            ask(server, key, *probe).raise_for_status()
            return
        except httpx.ConnectError:  # it does not listen yet
            if time.monotonic() > until:
                break
            time.sleep(pause_s)
            pause_s = min(2.0, 1.5 * pause_s)
        except httpx.HTTPError as error:
            sys.exit(f"the {server.name} server does not work: {error}\n{_end_of(log)}")
    sys.exit(f"the {server.name} server did not start\n{_end_of(log)}")


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:])


def _log(folder: Path, name: str) -> Path:
    return folder / f"{name}.log"


def _list(folder: Path) -> Path:
    return folder / "started.json"
