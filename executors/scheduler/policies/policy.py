"""What a policy is: which waiting work leaves next, decided from nothing but the queue."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from executors.scheduler.events import TaskId
from spec.records import record


@record
class Waiting:
    """The rows of a task that have not left yet: `rows` of them, from `start` on."""

    task: TaskId
    start: int
    rows: int
    arrival: int
    priority: int

    def rank(self) -> tuple[int, int]:
        """Sort key of a queue: higher priority first, then the earlier arrival."""
        return (-self.priority, self.arrival)

    def without(self, rows: int) -> "Waiting":
        """Return what is left when the first `rows` have gone."""
        return replace(self, start=self.start + rows, rows=self.rows - rows)


Picks = Sequence[tuple[Waiting, int]]

#: From a queue that is not empty and the rows a batch may hold: at least one pick, each with how
#: many of its rows leave.
Policy = Callable[[Sequence[Waiting], int], Picks]
