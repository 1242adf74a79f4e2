"""What a server's refusal means: a table from what it answered to a code, transient or not.

What it wrote is never passed on as it is: one sentence of it, short, clean and without our key.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import MappingProxyType

import orjson

from executors.engines.engine import Fault
from executors.usage import Usage
from spec.values import JSON

SAID_CHARS_MAX = 200
#: Seconds that a server may ask to be left alone for.
WAIT_S_MAX = 60.0


class ServerFailed(Exception):
    """A server did not answer as it should. `transient`: the same request may work later, but not
    before `wait_s` seconds have passed.

    `status` is the one of HTTP that it refused with, if it did. `usage` is what it has counted.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        transient: bool,
        status: int | None = None,
        wait_s: float = 0.0,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.transient = transient
        self.status = status
        self.wait_s = wait_s
        self.usage = Usage()

    def fault(self, request: int) -> Fault:
        """Return this as the end of one request."""
        return Fault(request, self.code, self.detail, self.transient, self.wait_s, self.usage)


@contextmanager
def costing(usage: Usage) -> Iterator[None]:
    """Say of every `ServerFailed` inside what the server has counted."""
    try:
        yield
    except ServerFailed as error:
        error.usage = usage
        raise


def not_understood(detail: str) -> ServerFailed:
    """Return the failure of a server whose answer is not of the form that it should have."""
    return ServerFailed(
        "bad-reply", f"the server's answer is not understood: {detail}", transient=False
    )


@dataclass(frozen=True, slots=True)
class _Meaning:
    code: str
    transient: bool
    cure: str = ""
    quoted: bool = True  #: whether a sentence of what the server wrote is passed on


_BUSY = _Meaning("engine-busy", True)
_LATE = _Meaning("engine-timeout", True)
_DOWN = _Meaning("engine-unavailable", True)
_KEY = _Meaning("engine-unauthorised", False, "Give the pool another key in engines.yaml.", False)
_PLACE = _Meaning("engine-unavailable", False, "Correct endpoint and model in engines.yaml.")

_BY_STATUS: Mapping[int, _Meaning] = MappingProxyType(
    {
        400: _Meaning("bad-request", False),
        401: _KEY,
        403: _KEY,
        404: _PLACE,
        405: _PLACE,
        408: _LATE,
        409: _BUSY,
        413: _Meaning("context-overflow", False),
        422: _Meaning("bad-request", False),
        425: _BUSY,
        429: _BUSY,
        500: _Meaning("engine-error", True),
        504: _LATE,
    }
)
# By hundreds, what has no line of its own. A redirect is never followed: it could lead anywhere.
_BY_CLASS: Mapping[int, _Meaning] = MappingProxyType(
    {1: _PLACE, 2: _PLACE, 3: _PLACE, 4: _Meaning("bad-request", False), 5: _DOWN}
)

_OVERFLOW = re.compile(
    r"context_length_exceeded|(?:maximum|max|available|model's) context (?:length|size|window)|"
    r"context window|maximum model length|max_model_len|exceeds? the (?:\w+ )?context|"
    r"too many tokens|max_new_tokens",
    re.IGNORECASE,
)


def refused(
    status: int, body: bytes, secret: str | None, headers: Mapping[str, str] | None = None
) -> ServerFailed:
    """Return what a server means that answered with `status` and, so far as it was read, `body`.

    `headers` may say after which time to ask again.
    """
    said = _said(body)
    meaning = _BY_STATUS.get(status) or _BY_CLASS.get(status // 100, _DOWN)
    if meaning.code == "bad-request" and _OVERFLOW.search(said):
        meaning = _Meaning("context-overflow", False)
    detail = f"the server answered {status}{_phrase(status)}"
    if meaning.quoted and (shown := clean(said, secret)):
        detail += f": {shown}"
    detail = f"{detail}. {meaning.cure}".strip()
    wait_s = wait_of(headers or {}) if meaning.transient else 0.0
    return ServerFailed(
        meaning.code, detail, transient=meaning.transient, status=status, wait_s=wait_s
    )


def wait_of(headers: Mapping[str, str]) -> float:
    """Return the seconds to wait that `Retry-After` asks for, at most `WAIT_S_MAX`; 0 for none.

    A date counts from the server's own `Date`, whose clock may differ from ours.
    """
    asked = headers.get("Retry-After", "").strip()
    if asked.isdecimal() and asked.isascii():
        return float(min(int(asked[:9]), WAIT_S_MAX))
    try:
        until, now = (parsedate_to_datetime(each) for each in (asked, headers.get("Date", "")))
        return min(max(0.0, (until - now).total_seconds()), WAIT_S_MAX)
    except (TypeError, ValueError):
        return 0.0  # neither, or a date with a zone beside one without


def refused_within(error: JSON, secret: str | None) -> ServerFailed:
    """Return what a server means that reports `error` inside an answer that began well."""
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    return refused(status, orjson.dumps({"error": error}), secret)


def clean(text: str, secret: str | None) -> str:
    """Return the beginning of `text` on one line, with nothing a terminal acts on, and no key."""
    if secret:
        text = text.replace(secret, "***")
    text = "".join(each if each.isprintable() else " " for each in text[: 4 * SAID_CHARS_MAX])
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= SAID_CHARS_MAX else text[: SAID_CHARS_MAX - 1] + "…"


def _said(body: bytes) -> str:
    """Return the sentence of an error, in any of the shapes that servers have for it."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""  # a page of a proxy, or cut off
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(key):
            found = found[key]
            if key == "error" and isinstance(found, dict):
                code = found.get("code")
                message = found.get("message")
                shown = message if isinstance(message, str) else ""
                return f"{shown} ({code})" if isinstance(code, str) else shown
    return found if isinstance(found, str) else ""


def _phrase(status: int) -> str:
    try:
        return f" ({HTTPStatus(status).phrase})"
    except ValueError:
        return ""
