"""What can go wrong while plans run.

ExecutionError
├── BadPool         an operator asked for a pool that cannot be
├── Refused         no room for a run now
├── NotCancellable  the run has already ended another way
├── ValueTooLarge   a result is over a limit
├── Unjoinable      the pieces of a result do not fit together
├── StorageFailed   the disk, or the database on it, cannot be used
└── NoText          what was to be cut into chunks is no text
"""


class ExecutionError(Exception):
    """Something about running plans went wrong."""


class BadPool(ExecutionError):
    """Pool `pool` cannot be set up as asked."""

    def __init__(self, pool: str, detail: str) -> None:
        super().__init__(f"pool '{pool}': {detail}")
        self.pool = pool
        self.detail = detail


class Refused(ExecutionError):
    """Nothing was written. `code` names the limit; try again in `retry_after_s` seconds."""

    def __init__(self, code: str, detail: str, retry_after_s: int) -> None:
        super().__init__(f"{detail}; try again in {retry_after_s} s")
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s


class NotCancellable(ExecutionError):
    """Run `run` has ended as `status`."""

    def __init__(self, run: str, status: str) -> None:
        super().__init__(f"run {run} has already {status}")
        self.run = run
        self.status = status


class NotFinished(ExecutionError):
    """Run `run` goes on, as `status`: where its time went is not known yet."""

    def __init__(self, run: str, status: str) -> None:
        super().__init__(f"run {run} is {status}")
        self.run = run
        self.status = status


class ValueTooLarge(ExecutionError):
    """A value of `size` bytes at least is over the limit `limit` of `bytes_max` bytes."""

    code = "too-large"

    def __init__(self, limit: str, size: int, bytes_max: int) -> None:
        super().__init__(
            f"a value of at least {size} bytes is over the limit {limit} of {bytes_max}"
        )
        self.limit = limit
        self.size = size
        self.bytes_max = bytes_max


class Unjoinable(ExecutionError):
    """The pieces of port `port` cannot become one value."""

    code = "bad-reply"

    def __init__(self, port: str) -> None:
        super().__init__(f"the pieces of its {port} do not fit together")
        self.port = port


class StorageFailed(ExecutionError):
    """What is kept on disk cannot be read or written now."""

    code = "storage-failed"

    def __init__(self, detail: str, cure: str) -> None:
        super().__init__(f"{detail} {cure}")
        self.detail = detail
        self.cure = cure


class NoText(ExecutionError):
    """What is to be cut into chunks is neither a string, nor a file, a doc or a list of these."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"only a string, a file or a doc can be chunked: {detail}")
