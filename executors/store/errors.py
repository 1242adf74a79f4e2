"""What can go wrong when something remembered is asked for or written.

StoreError
├── Unknown      nothing of that kind has that id here
├── RunOver      the run has ended; nothing more may happen to it
├── BadCursor    a page is asked for with a cursor that was never given out
└── FutureEvent  events are asked for after one that has not happened
"""


class StoreError(Exception):
    """Something remembered could not be read or written."""


class Unknown(StoreError):
    """No `kind` has the id `id`, for this tenant."""

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"no {kind} '{id}'")
        self.kind = kind
        self.id = id


class RunOver(StoreError):
    """Run `run` has ended as `status`; `kind` came too late."""

    def __init__(self, run: str, status: str, kind: str) -> None:
        super().__init__(f"run {run} has already {status}; {kind} may not follow")
        self.run = run
        self.status = status
        self.kind = kind


class BadCursor(StoreError):
    """`cursor` is not one that a page has given out."""

    def __init__(self, cursor: str) -> None:
        super().__init__("this cursor was never given out; start again without one")
        self.cursor = cursor


class FutureEvent(StoreError):
    """Event `after` of run `run` has not happened; the last so far is `last`."""

    def __init__(self, run: str, after: int, last: int) -> None:
        super().__init__(f"event {after} of run {run} has not happened; the last one is {last}")
        self.run = run
        self.after = after
        self.last = last
