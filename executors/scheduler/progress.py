"""How far one unit of one run has come, and where its time went."""

from dataclasses import dataclass

from executors.scheduler.commands import Timing
from executors.usage import NOTHING, Usage
from planner.graph import PrimitiveId

#: What has many parts is told in as many stretches.
STRETCHES = 20


def stretch(done: int, total: int) -> int:
    """Return how many stretches of `total` are over."""
    return done * STRETCHES // total


@dataclass(slots=True)
class Progress:
    """A unit from the moment it was ready. Times are the driver's; nothing here reads a clock."""

    ready_at: float
    attempt: int = 0
    since: int = 0  #: the moment of `attempts` that it belongs to
    cause: PrimitiveId | None = None  #: whose end it became ready by; none at the start of its run
    edition: int = 0
    rows: int = 0
    rows_done: int = 0
    inside: int = 0  #: pieces in an engine right now
    left_at: float | None = None  #: when the first piece left
    turned_at: float = 0.0  #: when `inside` last became or left zero
    execution_s: float = 0.0
    batch_rows: int = 0
    replica: int = 0
    usage: Usage = NOTHING
    told: int = 0  #: stretches

    def leave(self, now: float, batch_rows: int, replica: int) -> None:
        """A piece has left for `replica` in a batch of `batch_rows`."""
        if self.left_at is None:
            self.left_at = now
        if self.inside == 0:
            self.turned_at = now
        self.inside += 1
        self.batch_rows = max(self.batch_rows, batch_rows)
        self.replica = replica

    def back(self, now: float, rows: int, usage: Usage) -> bool:
        """A piece of `rows` is answered; return whether it was the last."""
        self.inside -= 1
        if self.inside == 0:
            self.execution_s += now - self.turned_at
        self.rows_done += rows
        self.usage += usage
        return self.rows_done == self.rows

    def moved_on(self) -> bool:
        """Whether another stretch is over since this was last asked."""
        over = stretch(self.rows_done, self.rows)
        moved, self.told = over > self.told, over
        return moved

    def timing(self, now: float) -> Timing:
        """Return where the time since `ready_at` went. Asked while no piece is in an engine, or
        at the first token, when all is execution since the only piece left.
        """
        left_at = now if self.left_at is None else self.left_at
        execution_s = self.execution_s + (now - self.turned_at if self.inside else 0.0)
        return Timing(
            queue_s=left_at - self.ready_at,
            batch_s=max(0.0, now - left_at - execution_s),
            execution_s=execution_s,
            rows=self.rows,
            batch_rows=self.batch_rows,
        )

    def restart(self, now: float) -> None:
        """The head of a call is done: what follows is ready, and running, from here."""
        self.ready_at = now
        self.left_at = now
        self.turned_at = now
        self.execution_s = 0.0
