"""Stands between the service and a server: gives each measured run a cache of its own, by salt.

What is asked for answers is kept as it came, so that two runs can be laid side by side.
"""

import http.client
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_PASSED_ON = ("authorization", "content-type", "accept")


class Salted:
    """A server at `url` that passes everything on to `behind`; `salt` is that of the run."""

    def __init__(self, behind: str) -> None:
        self.behind = urlsplit(behind)
        self.salt = ""
        self.asked: list[tuple[str, dict[str, Any]]] = []  #: paths and bodies, but for the salt
        made = type("Handler", (_Handler,), {"salted": self})
        self._http = _Server(("127.0.0.1", 0), made)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}{self.behind.path}"

    def begin(self, salt: str) -> None:
        """Use another cache from now on, and forget what was asked."""
        self.salt, self.asked = salt, []

    @property
    def calls(self) -> list[dict[str, Any]]:
        """What was asked for answers, in an order of its own: calls side by side have none."""
        real = (body for path, body in self.asked if path.endswith("/chat/completions"))
        return sorted(real, key=lambda body: json.dumps(body, sort_keys=True))

    @property
    def ahead(self) -> list[dict[str, Any]]:
        """What was to be read ahead, as it came."""
        return [body for path, body in self.asked if path.endswith("/v1/completions")]

    @contextmanager
    def up(self) -> Iterator["Salted"]:
        """Serve until the end of the block."""
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            thread.join()
            self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionResetError):  # a client may leave as it likes
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    salted: Salted

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body.pop("cache_salt", None) is not None:
            self.salted.asked.append((urlsplit(self.path).path, dict(body)))
            body["cache_salt"] = self.salted.salt
        self._pass_on(json.dumps(body).encode())

    def do_GET(self) -> None:
        self._pass_on(None)

    def _pass_on(self, body: bytes | None) -> None:
        behind = self.salted.behind
        there = http.client.HTTPConnection(behind.hostname or "", behind.port)
        headers = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
        try:
            there.request(self.command, self.path, body, headers)
            answer = there.getresponse()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while chunk := answer.read1(65_536):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except OSError:  # whoever asked has left: so does this
            self.close_connection = True
        finally:
            there.close()

    def log_message(self, *_: Any) -> None:
        pass
