"""The service as a stranger meets it: its own process, spoken to over HTTP alone."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import yaml

TEOLA = Path(sys.executable).with_name("teola")
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    id: int
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Service:
    """A running service. `pid` is the process, `address` where it listens."""

    address: str
    pid: int
    http: httpx.Client

    def put_workflow(self, path: Path) -> str:
        """Store the workflow in `path`; return its name."""
        return self.put_page(path.read_text())

    def put_page(self, page: str) -> str:
        """Store the workflow on `page`, whose lines problems then name; return its name."""
        (name,) = re.findall(r"^workflow: *(\S+)", page, flags=re.MULTILINE)
        self._sent(
            "PUT", f"/v1/workflows/{name}", content=page, headers={"Content-Type": "text/yaml"}
        )
        return name

    def upload(self, path: Path) -> dict[str, Any]:
        """Upload the file at `path`; return what the service says of it."""
        media_type = guess_type(path.name)[0] or "text/markdown"
        headers = {"Content-Type": media_type, "X-File-Name": quote(path.name)}
        answer = self._sent("POST", "/v1/files", content=path.read_bytes(), headers=headers)
        return dict(answer.json())

    def run(self, workflow: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Run a stored workflow to its end; return the run."""
        return self._run({"workflow": workflow, "inputs": inputs})

    def run_page(self, page: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Run the workflow on `page` once, without storing it; return the run."""
        return self._run({"spec": yaml.safe_load(page), "inputs": inputs})

    def stream(self, workflow: str, inputs: dict[str, Any]) -> Iterator[Event]:
        """Run a stored workflow; yield its events as they come."""
        body = {"workflow": workflow, "inputs": inputs}
        headers = {"Accept": "text/event-stream"}
        with self.http.stream("POST", "/v1/runs", json=body, headers=headers) as answer:
            answer.raise_for_status()
            fields: dict[str, str] = {}
            for line in answer.iter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "id" in fields:
                    yield Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))
                    fields = {}

    def _run(self, asked: dict[str, Any]) -> dict[str, Any]:
        wait = {"Prefer": "wait=60"}
        return dict(self._sent("POST", "/v1/runs", json=asked, headers=wait).json())

    def _sent(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self.http.request(method, path, **more)
        if answer.is_error:
            raise SystemExit(f"{method} {path}: {answer.status_code}\n{answer.text}")
        return answer


@contextmanager
def service(*options: str, **variables: str) -> Iterator[Service]:
    """Start `teola up` on a free loopback port, its data in a folder of its own; stop it after.

    `variables` of the environment are set for it.
    """
    with tempfile.TemporaryDirectory(prefix="teola-") as data:
        given = (f"{name}={value}" for name, value in variables.items())
        quiet = ["env", "TEOLA_LOG_LEVEL=error", *given]
        command = [*quiet, TEOLA, "up", "--port", "0", "--data", data, *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                address = _address(process)
                with httpx.Client(base_url=address, timeout=120.0) as http:
                    yield Service(address, process.pid, http)
            finally:
                process.terminate()


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"ready at (http://\S+)", line):
            return found[1]
    raise SystemExit(f"the service ended with code {process.wait()} before it was ready")
