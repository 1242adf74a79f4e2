"""Every event and every command, in order: what tests compare and traces read."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from executors.scheduler.commands import Command
from executors.scheduler.events import Event


@dataclass(frozen=True, slots=True)
class Entry:
    """One call of the scheduler."""

    now: float
    event: Event
    commands: Sequence[Command]

    def __str__(self) -> str:
        lines = [f"{self.now:.6f} {self.event}", *(f"    {command}" for command in self.commands)]
        return "\n".join(lines)


class Journal:
    """The last `entries_max` entries."""

    def __init__(self, entries_max: int) -> None:
        self._entries: deque[tuple[float, Event, Sequence[Command]]] = deque(maxlen=entries_max)

    def write(self, now: float, event: Event, commands: Sequence[Command]) -> None:
        """Add one entry; the oldest goes when there are too many."""
        self._entries.append((now, event, commands))

    def __iter__(self) -> Iterator[Entry]:
        return (Entry(*entry) for entry in self._entries)

    def __str__(self) -> str:
        return "\n".join(map(str, self))
