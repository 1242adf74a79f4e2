"""throughput: fill every batch to the brim in the order of the queue, cutting the last task.

The "TO" baseline of the Teola paper: largest efficient batch, arrival order.

>>> from executors.scheduler.policies.policy import Waiting
>>> queue = [Waiting(task, 0, rows, n, 0) for n, (task, rows) in enumerate([("a", 3), ("b", 2)])]
>>> [(entry.task, rows) for entry, rows in throughput(queue, 4)]
[('a', 3), ('b', 1)]
"""

from collections.abc import Sequence

from executors.scheduler.policies.policy import Picks, Waiting


def throughput(queue: Sequence[Waiting], room: int) -> Picks:
    """Pick from the front until `room` rows are taken."""
    picks: list[tuple[Waiting, int]] = []
    for entry in queue:
        picks.append((entry, min(entry.rows, room)))
        room -= picks[-1][1]
        if room <= 0:
            break
    return picks
