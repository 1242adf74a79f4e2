"""fifo: whole tasks in the order of the queue, until the next would not fit.

>>> from executors.scheduler.policies.policy import Waiting
>>> queue = [Waiting(task, 0, rows, n, 0) for n, (task, rows) in enumerate([("a", 3), ("b", 2)])]
>>> [(entry.task, rows) for entry, rows in fifo(queue, 4)]
[('a', 3)]
"""

from collections.abc import Sequence

from executors.scheduler.policies.policy import Picks, Waiting


def fifo(queue: Sequence[Waiting], room: int) -> Picks:
    """Pick whole tasks from the front; only a task larger than a whole batch is cut."""
    picks: list[tuple[Waiting, int]] = [(queue[0], min(queue[0].rows, room))]
    room -= queue[0].rows
    for entry in queue[1:]:
        if entry.rows > room:
            break
        picks.append((entry, entry.rows))
        room -= entry.rows
    return picks
