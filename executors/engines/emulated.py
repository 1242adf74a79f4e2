"""Engines that take the time of real ones and say what is made up: to measure, plan and show.

Emulates a profile of published figures, names itself in every response, and knows nothing. The
future is a `Timeline`; here it is laid on the clock of an event loop.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from executors.engines.emulation.batches import BatchTimeline
from executors.engines.emulation.calls import Lengths
from executors.engines.emulation.language import LanguageTimeline
from executors.engines.emulation.profiles import LanguageProfile, Profile, kind_of
from executors.engines.engine import Batch, Emission, EngineFailed, EngineTraits
from executors.engines.timeline import Timeline
from executors.engines.told import OPS_BY_KIND
from executors.scheduler.events import BatchId


@dataclass(slots=True)
class _Clocked:
    """A timeline on a loop's clock: one timer, for whatever is said next."""

    timeline: Timeline
    listeners: dict[BatchId, asyncio.Queue[Emission | None]] = field(default_factory=dict)
    alarm: asyncio.TimerHandle | None = None
    settling: asyncio.Handle | None = None
    clock: float = 0.0

    def admit(self, batch: Batch) -> asyncio.Queue[Emission | None]:
        """Take on a batch; return where its emissions come, and None at its end."""
        listener = self.listeners[batch.id] = asyncio.Queue()
        self._advance(0.0)
        self.timeline.admit(batch, self.clock)
        self._settle_soon()
        return listener

    def leave(self, batch: BatchId) -> None:
        """Let go of a batch; what has ended is left alone."""
        if self.listeners.pop(batch, None) is not None:
            self._advance(0.0)
            self.timeline.abandon(batch, self.clock)
            self._settle_soon()

    def stop(self) -> None:
        """Say nothing more."""
        for handle in (self.alarm, self.settling):
            if handle is not None:
                handle.cancel()

    def _look(self, due: float) -> None:
        self._advance(due)
        self._settle_soon()

    def _advance(self, due: float) -> None:
        """Hear what was said until now. What was waited for is due, however early a timer is."""
        self.clock = max(self.clock, due, time.monotonic())
        for _, batch, emission in self.timeline.advance(self.clock):
            if (listener := self.listeners.get(batch)) is not None:
                listener.put_nowait(emission)

    def _settle_soon(self) -> None:
        """Let whoever is ready come first: a moment is a turn of the loop."""
        if self.settling is None:
            self.settling = asyncio.get_running_loop().call_soon(self._settle)

    def _settle(self) -> None:
        self.settling = None
        self.timeline.settle(self.clock)
        if self.alarm is not None:
            self.alarm.cancel()
        when = self.timeline.next_at()
        if when is not None:
            wait_s = max(0.0, when - time.monotonic())
            self.alarm = asyncio.get_running_loop().call_later(wait_s, self._look, when)


class Emulated:
    """One replica. `lengths` is for language models: how much they say."""

    def __init__(self, profile: Profile, lengths: Lengths | None = None) -> None:
        self._profile = profile
        self._lengths = lengths or Lengths()
        self._clocked: _Clocked | None = None
        kind = kind_of(profile)
        called = isinstance(profile, LanguageProfile)
        self.traits = EngineTraits(
            name="emulated",
            model=f"emulated {profile.model}",
            kind=kind,
            ops=_ops_of(profile, kind),
            slots=profile.sequences if isinstance(profile, LanguageProfile) else profile.slots,
            batch_rows_max=1 if isinstance(profile, LanguageProfile) else profile.rows_max,
            streams=called,
            deterministic=True,
            batch_invariant=True,
            pointwise=kind == "rerank",
        )

    def timeline(self) -> Timeline:
        """Return a fresh replica's future."""
        if isinstance(self._profile, LanguageProfile):
            return LanguageTimeline(self._profile, self._lengths)
        return BatchTimeline(self._profile)

    async def start(self) -> None:
        """Begin with an empty replica; a second call changes nothing."""
        if self._clocked is None:
            self._clocked = _Clocked(self.timeline())

    async def stop(self) -> None:
        """Forget the replica; a second call changes nothing."""
        clocked, self._clocked = self._clocked, None
        if clocked is not None:
            clocked.stop()

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Answer when the profile says that it would."""
        clocked = self._clocked
        if clocked is None:
            raise EngineFailed("engine-not-started", "the emulated engine is not started.")
        listener = clocked.admit(batch)
        try:
            while (emission := await listener.get()) is not None:
                yield emission
        finally:
            clocked.leave(batch.id)


def _ops_of(profile: Profile, kind: str) -> frozenset[str]:
    """Return what an engine does: what has no cache of prefixes reads nothing ahead."""
    keeps = isinstance(profile, LanguageProfile) and profile.prefix_cache
    return OPS_BY_KIND[kind] - (frozenset() if keeps else {"partial_prefill"})
