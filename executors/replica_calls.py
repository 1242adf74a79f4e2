"""The calls in one replica of a language model, and which of them tell what it takes.

A prompt tells by when its first token comes. Prompts that came together are read together, so they
tell together: from when the first of them came to an idle replica until all are read, if none came
once another was read. A reply tells by its tokens, if no prompt was read while it was said.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from executors.scheduler.events import BatchId
from executors.usage import Usage
from planner.refining import Refining

#: A call, by its batch and its place in it.
CallId: TypeAlias = tuple[BatchId, int]


@dataclass(slots=True)
class _Reading:
    """Prompts that are read together. `open`: more may come; `unknown` are not yet answered."""

    since: float
    unread: int = 0
    unknown: int = 0
    open: bool = True
    useful: bool = True
    took_s: float = 0.0
    read: list[tuple[float, float]] = field(default_factory=list)


@dataclass(slots=True)
class _Call:
    """`come` are the calls that had come when it began to speak, and `speaking_s` what of all
    calls' speaking had been. `undisturbed`: all prompts were read by then.
    """

    reading: _Reading
    first_at: float | None = None
    undisturbed: bool = False
    come: int = 0
    speaking_s: float = 0.0
    told: bool = False


@dataclass(slots=True)
class ReplicaCalls:
    """Calls from when they leave to when they are over; how many speak is added up over time."""

    _calls: dict[CallId, _Call] = field(default_factory=dict)
    _reading: _Reading | None = None
    _come: int = 0
    _unread: int = 0
    _speaking: int = 0
    _speaking_s: float = 0.0
    _since: float = 0.0

    def begin(self, id: CallId, now: float) -> None:
        """A call leaves: it is read while others are read and speak."""
        self._add_up(now)
        self._come += 1
        if self._reading is None or not self._calls:
            self._reading = _Reading(now, useful=not self._calls)
        reading = self._reading
        reading.useful = reading.useful and reading.open
        reading.unread += 1
        reading.unknown += 1
        self._unread += 1
        self._calls[id] = _Call(reading)

    def first_token(self, id: CallId, now: float) -> None:
        """The prompt of a call is read."""
        call = self._calls.get(id)
        if call is None or call.first_at is not None:
            return
        self._add_up(now)
        self._speaking += 1
        call.first_at, call.speaking_s = now, self._speaking_s
        self._read(call.reading, now)
        call.undisturbed, call.come = not self._unread, self._come

    def tell(self, id: CallId, usage: Usage, now: float, refining: Refining) -> None:
        """A call is answered: let `refining` learn what it tells."""
        call = self._calls.get(id)
        if call is None or call.first_at is None or not usage.tokens_in:
            return
        self._add_up(now)
        call.told = True
        self._tell_prompt(call.reading, usage, refining)
        spoke_s, steps = now - call.first_at, usage.tokens_out - 1
        if call.undisturbed and call.come == self._come and steps > 0 and spoke_s > 0:
            together = (self._speaking_s - call.speaking_s) / spoke_s
            held = together * (usage.tokens_in + usage.tokens_out / 2)  # others are taken as alike
            refining.step(together, held, spoke_s * 1000 / steps)

    def end(self, id: CallId, now: float) -> None:
        """A call is over, answered or not."""
        self._add_up(now)
        call = self._calls.pop(id, None)
        if call is None:
            return
        call.reading.useful = call.reading.useful and call.told
        if call.first_at is not None:
            self._speaking -= 1
        else:
            self._read(call.reading, now)

    def _read(self, reading: _Reading, now: float) -> None:
        """One prompt less is to be read; with the last of them it is known what they took."""
        self._unread -= 1
        reading.unread -= 1
        reading.open = False
        if not reading.unread:
            reading.took_s = now - reading.since
            if self._reading is reading:
                self._reading = None

    def _tell_prompt(self, reading: _Reading, usage: Usage, refining: Refining) -> None:
        reading.unknown -= 1
        if not reading.useful:  # more and more may join it, where prompts are read all the time
            reading.read.clear()
            return
        reading.read.append((usage.tokens_in, usage.tokens_cached))
        if not (reading.unknown or reading.unread):
            refining.prompts(reading.read, reading.took_s * 1000)

    def _add_up(self, now: float) -> None:
        self._speaking_s += self._speaking * (now - self._since)
        self._since = now
