"""What a store of runs promises. Whoever keeps them, and on what, is behind this protocol."""

from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from executors.store.errors import BadCursor
from executors.store.record import EventKind, RunEvent, RunRecord, RunStatus


@dataclass(frozen=True, slots=True)
class RunPage:
    """Some runs, newest first. `next_cursor` is None on the last page."""

    items: tuple[RunRecord, ...]
    next_cursor: str | None


class RunStore(Protocol):
    """Runs and their events. A run's id is unique over all tenants; readers also name the tenant,
    and another tenant's run is `Unknown` to them.
    """

    async def accept(self, record: RunRecord) -> None:
        """Keep a queued run and its first event, `run.queued`. Once this has returned, the run is
        accepted. Raise `Refused` when there is no room; then nothing has been written.
        """

    def append(self, run: str, kind: EventKind, data: Mapping[str, Any]) -> RunEvent | None:
        """Write the next event of `run`: the only way anything about it changes.

        None: an `output.delta` that was not kept, because there is no room for more pieces of
        output; the whole value still comes with `output.finished`. Raise `RunOver` after
        `run.finished`, `Unknown` for a run that is not here.
        """

    def get(self, tenant: str, run: str) -> RunRecord:
        """Return a run as it is now. Raise `Unknown`."""

    def page(
        self,
        tenant: str,
        *,
        workflow: str | None = None,
        status: RunStatus | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> RunPage:
        """Return runs, newest first. Runs accepted meanwhile shift nothing. Raise `BadCursor`."""

    def events(
        self, tenant: str, run: str, after: int = 0, limit: int = 256
    ) -> tuple[RunEvent, ...]:
        """Return events that come after event `after`. Raise `Unknown` or `FutureEvent`."""

    async def changed(self, tenant: str, run: str, after: int) -> None:
        """Return as soon as there is an event after event `after`, or the run has ended."""

    async def settled(self) -> None:
        """Return as soon as no run is live."""


def write_cursor(number: int) -> str:
    """Return the cursor of the page that goes on from arrival `number`."""
    return urlsafe_b64encode(b"r%d" % number).decode()


def read_cursor(cursor: str) -> int:
    """Return what `write_cursor` was given. Raise `BadCursor`.

    >>> read_cursor(write_cursor(12))
    12
    """
    try:
        text = b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except (NotBase64, UnicodeError):
        raise BadCursor(cursor) from None
    digits = text[1:]
    if text[:1] != "r" or not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        raise BadCursor(cursor)
    return int(digits)
