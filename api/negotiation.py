"""What headers and query ask for: a stream or JSON, how long to wait, where to resume."""

import re
from typing import Literal

from fastapi import Request

from api.problems import ApiProblem

WAIT_S_MAX = 60
_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*\"?([^\s,;\"]*)\"?", re.IGNORECASE)
_DIGITS_MAX = 15


def form_of(request: Request, default: Literal["json", "events"] = "json") -> str:
    """Return `json` or `events`, by the Accept header; the first that is named wins."""
    accept = request.headers.get("accept", "*/*")
    for entry in accept.split(","):
        essence, *parameters = (part.strip().lower() for part in entry.split(";"))
        if any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters):
            continue
        if essence == "text/event-stream":
            return "events"
        if essence in ("application/json", "application/*"):
            return "json"
        if essence in ("*/*", "text/*"):
            return default
    raise ApiProblem("not-acceptable", "Accept application/json or text/event-stream.")


def wait_s_of(request: Request) -> int | None:
    """Return N of `Prefer: wait=N`; other preferences mean nothing here and are passed over."""
    found = _WAIT.search(request.headers.get("prefer", ""))
    if found is None:
        return None
    return _number("header", "Prefer: wait", found.group(1), WAIT_S_MAX)


def resume_after(request: Request, after: int | None) -> int:
    """Return the event to resume after: `?after=`, else `Last-Event-ID`, else 0."""
    if after is not None:
        return after
    header = request.headers.get("last-event-id")
    return 0 if header is None else _number("header", "Last-Event-ID", header, 10**_DIGITS_MAX)


def _number(place: str, name: str, text: str, maximum: int) -> int:
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX and int(text) <= maximum:
        return int(text)
    detail = f"{name} has to be an integer from 0 to {maximum}."
    error = {"code": "bad-value", "in": place, "name": name, "detail": detail}
    raise ApiProblem("invalid-parameter", detail, [error])
