"""The yaml-language-server as an editor drives it: a process of its own, JSON-RPC over its pipes.

It can reach nobody: what it would have connected to is written down instead. It ends with the test.
"""

import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SERVER = FOLDER / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
SETTINGS = {
    "yaml": {
        "schemaStore": {"enable": False},
        "kubernetesCRDStore": {"enable": False},
        "validate": True,
        "hover": True,
        "completion": True,
    }
}
ANSWER_S_MAX = 60
EXIT_S_MAX = 30
# Loaded before the server: a connection is refused, and told on standard error.
_OFFLINE = """\
const net = require("net");
net.Socket.prototype.connect = function (...asked) {
  process.stderr.write("CONNECT " + JSON.stringify(asked[0]) + "\\n");
  process.nextTick(() => this.destroy(new Error("offline")));
  return this;
};
"""


@dataclass
class LanguageServer:
    """One running server. `events` are the notifications it sent that nobody waited for."""

    process: subprocess.Popen[bytes]
    folder: Path
    asked: int = 0
    buffer: bytes = b""
    events: list[dict[str, Any]] = field(default_factory=list)

    def start(self) -> None:
        """Introduce the editor, and wait until the server has asked for its settings."""
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {
                "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
                "hover": {"contentFormat": ["markdown"]},
            },
        }
        folder = {"uri": self.folder.as_uri(), "name": self.folder.name}
        about = {"processId": os.getpid(), "rootUri": folder["uri"], "workspaceFolders": [folder]}
        self.ask("initialize", about | {"capabilities": capabilities})
        self.tell("initialized", {})
        self.tell("workspace/didChangeConfiguration", {"settings": SETTINGS})
        self._wait_for("workspace/configuration")

    def open(self, name: str, text: str) -> list[dict[str, Any]]:
        """Write `text` to a file, open it, and return what the server has to say of it."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        while True:
            said = self._wait_for("textDocument/publishDiagnostics")
            if said["params"]["uri"] == path.as_uri():
                found: list[dict[str, Any]] = said["params"]["diagnostics"]
                return found

    def complete(self, name: str, line: int, column: int) -> dict[str, dict[str, Any]]:
        """Return what is offered at a place, which counts from 0, by label."""
        answer = self.ask("textDocument/completion", self._place(name, line, column))
        items = answer["items"] if isinstance(answer, dict) else answer or []
        return {item["label"]: item for item in items}

    def hover(self, name: str, line: int, column: int) -> str:
        """Return what is shown at a place, which counts from 0; nothing is an empty string."""
        answer = self.ask("textDocument/hover", self._place(name, line, column))
        return str(answer["contents"]["value"]) if answer else ""

    def ask(self, method: str, params: Any) -> Any:
        """Send a request and return its result."""
        self.asked += 1
        self._send({"id": self.asked, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self.asked and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def tell(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def stop(self) -> list[str]:
        """Let the server end, and return whom it would have connected to."""
        self.ask("shutdown", None)
        self.tell("exit", None)
        _, err = self.process.communicate(timeout=EXIT_S_MAX)
        assert self.process.returncode == 0, err.decode()
        lines = err.decode().splitlines()
        return [line.removeprefix("CONNECT ") for line in lines if line.startswith("CONNECT ")]

    def _place(self, name: str, line: int, column: int) -> dict[str, Any]:
        uri = (self.folder / name).as_uri()
        return {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}}

    def _wait_for(self, method: str) -> dict[str, Any]:
        while True:
            message = self._receive()
            if message.get("method") == method:
                return message

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0"} | message).encode()
        assert self.process.stdin
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        """Return the next message; a request of the server's is answered first."""
        header = self._read_until(b"\r\n\r\n")
        lengths = [line for line in header.split(b"\r\n") if line.lower().startswith(b"content-l")]
        message: dict[str, Any] = json.loads(self._read(int(lengths[0].partition(b":")[2])))
        if "method" in message and "id" in message:
            self._send({"id": message["id"], "result": _answer(message)})
        elif "method" in message:
            self.events.append(message)
        return message

    def _read_until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self._fill()
        found, _, self.buffer = self.buffer.partition(mark)
        return found

    def _read(self, length: int) -> bytes:
        while len(self.buffer) < length:
            self._fill()
        found, self.buffer = self.buffer[:length], self.buffer[length:]
        return found

    def _fill(self) -> None:
        assert self.process.stdout
        pipe = self.process.stdout.fileno()
        ready, _, _ = select.select([pipe], [], [], ANSWER_S_MAX)
        assert ready, f"the language server has been silent for {ANSWER_S_MAX} s"
        piece = os.read(pipe, 1 << 16)
        assert piece, "the language server has gone"
        self.buffer += piece


@contextmanager
def language_server(folder: Path) -> Iterator[LanguageServer]:
    """Run a language server on `folder`; it is gone afterwards."""
    node = shutil.which("node")
    assert node, "no node: `make language-server` installs Debian's"
    assert SERVER.exists(), "no language server: `make language-server` installs it"
    offline = folder / "offline.cjs"
    offline.write_text(_OFFLINE)
    process = subprocess.Popen(
        [node, "--require", str(offline), str(SERVER), "--stdio"], cwd=folder,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        try:
            server = LanguageServer(process, folder)
            server.start()
            yield server
        finally:
            process.kill()


def _answer(message: dict[str, Any]) -> Any:
    if message["method"] == "workspace/configuration":
        return [SETTINGS.get(item.get("section")) for item in message["params"]["items"]]
    return None
