"""Virtual time: engine calls say how long they took, and what happens all at once takes no longer
than its longest part."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class Deadline:
    """When one execution of one body has to be over."""

    at_ms: int


class Expired(Exception):
    """A call that would have gone on beyond `deadline`, and was given up then."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__(f"at {deadline.at_ms} ms")
        self.deadline = deadline


@dataclass(slots=True)
class Clock:
    """The time of one run, in milliseconds from its start."""

    now: int = 0
    deadlines: list[Deadline] = field(default_factory=list)

    def spend(self, ms: int) -> None:
        """Let a call take `ms`. Raise `Expired` at the first deadline it would pass."""
        passed = [each for each in reversed(self.deadlines) if self.now + ms > each.at_ms]
        if passed:
            first = min(passed, key=lambda each: each.at_ms)  # of equal ones the innermost
            self.now = max(self.now, first.at_ms)
            raise Expired(first)
        self.now += ms

    @contextmanager
    def within(self, ms: int | None) -> Iterator[Deadline | None]:
        """Hold what is done inside to a deadline `ms` from now, if there is one."""
        if ms is None:
            yield None
            return
        deadline = Deadline(self.now + ms)
        self.deadlines.append(deadline)
        try:
            yield deadline
        finally:
            self.deadlines.pop()


class Lanes:
    """Parts that run all at once, or at most `most` at a time, the earlier ones first."""

    def __init__(self, clock: Clock, parts: int, most: int | None = None) -> None:
        self.clock = clock
        self.free = [clock.now] * max(1, parts if most is None else min(parts, most))

    @contextmanager
    def next(self) -> Iterator[None]:
        """Do the next part inside, from when there is a lane for it."""
        lane = self.free.index(min(self.free))
        self.clock.now = self.free[lane]
        yield
        self.free[lane] = self.clock.now

    def join(self) -> None:
        """Go on when all parts are over."""
        self.clock.now = max(self.free)
