"""Counts every answer over HTTP by the route that gave it."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics

#: Where the resources of the API are.
VERSIONED = "/v1"


class Counted:
    """Around an application: how long each answer took to begin. A stream goes on after that."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                took = time.perf_counter() - began
                self._metrics.answered(scope["method"], _route(scope), message["status"], took)
            await send(message)

        await self._app(scope, receive, told)


def _route(scope: Scope) -> str:
    """Return the template of a path: paths themselves are as many as callers like."""
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return "none"
    inside = scope["path"].startswith(f"{VERSIONED}/") and not path.startswith(f"{VERSIONED}/")
    return f"{VERSIONED}{path}" if inside else str(path)  # a route knows not where it is included
