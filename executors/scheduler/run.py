"""One run: what is done, what is ready, what may fail alone, and how it ends.

Knows no pool and no other run.
"""

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from executors.scheduler.attempts import Attempts
from executors.scheduler.events import RunId, TaskId, Trouble
from executors.scheduler.guess import Guess, gates_of
from executors.scheduler.hints import Hints
from executors.scheduler.progress import Progress
from executors.scheduler.unfolding import Unfolding
from planner.graph import Primitive, PrimitiveId, RegionId
from planner.growing import GrowingPlan
from planner.plan import Plan
from planner.structure import Child, Delta, Region
from planner.unit import Unit

#: A child of a structure, its end (no child), or what stands in for a region, by its exit.
Order: TypeAlias = tuple[PrimitiveId, Child | None]


@dataclass(slots=True)
class Ending:
    """How a run will end once nothing of it is left in an engine."""

    status: str
    trouble: Trouble | None


@dataclass(slots=True)
class Run:
    """Progress over a plan that grows as it goes.

    Every unit is in exactly one of: `missing` (waits for others, or for being made), `open` (ready,
    queued or in an engine), or closed (all members in `done`). Hints are in none of them. `hinted`
    is where those that are ready go.
    """

    id: RunId
    tenant: str
    plan: Plan
    deadline: float
    priority: int
    hinted: deque[TaskId] = field(default_factory=deque)
    hints: Hints = field(init=False)
    growing: GrowingPlan = field(init=False)
    missing: dict[PrimitiveId, int] = field(init=False)  #: what each unit still waits for
    open: dict[PrimitiveId, Progress] = field(default_factory=dict)
    done: set[PrimitiveId] = field(default_factory=set)
    unfoldings: dict[PrimitiveId, Unfolding] = field(default_factory=dict)  #: by opening
    children: dict[PrimitiveId, tuple[PrimitiveId, Child]] = field(default_factory=dict)  #: by exit
    made: dict[RegionId, list[PrimitiveId]] = field(default_factory=dict)  #: units opened in each
    attempts: Attempts = field(default_factory=Attempts)
    deadlines: dict[RegionId, float] = field(default_factory=dict)
    gates: dict[PrimitiveId, PrimitiveId] = field(init=False)  #: openings, by what they are behind
    guesses: dict[RegionId, Guess] = field(default_factory=dict)  #: by their own regions
    held: dict[PrimitiveId, Trouble] = field(default_factory=dict)  #: what of it is decided later
    exits: dict[PrimitiveId, RegionId] = field(init=False)  #: of the regions that are not over
    starts: dict[PrimitiveId, RegionId] = field(init=False)  #: from where a region is timed
    ordered: dict[Order, RegionId | None] = field(default_factory=dict)  #: parts being opened
    over: dict[RegionId, list[PrimitiveId]] = field(default_factory=dict)  #: exits inside each
    edition: int = 0  #: how often something was taken back
    steps_left: dict[str, int] = field(init=False)  #: primitives each step still waits for
    steps_started: dict[str, float] = field(default_factory=dict)
    inside: int = 0  #: pieces in engines
    last: PrimitiveId | None = None  #: what an engine answered last: the cause of what follows
    ending: Ending | None = None

    def __post_init__(self) -> None:
        self.growing = GrowingPlan(self.plan)
        self.hints = Hints(self.id, self.hinted)
        self.missing = {}
        for leader, unit in self.plan.units.items():
            if unit.warms is None:
                self.missing[leader] = len(unit.waits) + unit.pending
            else:
                self.hints.expect(unit, len(unit.waits))
        self.exits, self.starts = {}, {}
        self._watch(self.plan.regions.values())
        self.gates = gates_of(self.plan.structures.values())
        self.steps_left = {step: len(ids) for step, ids in self.plan.steps.items()}

    def open_ready(self, candidates: Iterable[PrimitiveId], now: float) -> list[TaskId]:
        """Open those of `candidates` that wait for nothing more."""
        ready = []
        for leader in candidates:
            if self.missing.get(leader) == 0:
                del self.missing[leader]
                attempt = self._attempt(leader)
                moment, edition = self.attempts.moment, self.edition
                self.open[leader] = Progress(now, attempt, moment, self.last, edition)
                self.hints.late(leader)
                ready.append(TaskId(self.id, leader, attempt, edition))
        return ready

    def is_current(self, task: TaskId) -> bool:
        """Whether what becomes of `task` still matters."""
        if task.unit in self.hints.inside:
            return self.ending is None
        progress = self.open.get(task.unit)
        if self.ending is not None or progress is None or task.unit in self.held:
            return False
        return progress.attempt == task.attempt and progress.edition == task.edition

    def finish(self, primitive: PrimitiveId, now: float) -> list[TaskId]:
        """Note that `primitive` is done; return what becomes ready by it."""
        self.done.add(primitive)
        readers = dict.fromkeys(self.growing.readers_of(primitive))
        self.hints.heard(readers)
        waiting = [
            leader
            for leader in readers
            if leader in self.missing and primitive in self.growing.unit(leader).waits
        ]  # one that was made anew need not wait for what it waited for before
        for leader in waiting:
            self.missing[leader] -= 1
        return self.open_ready(waiting, now)

    def grow(self, delta: Delta, now: float) -> list[TaskId]:
        """Take in what was opened; return what of it is ready."""
        units = self.growing.add(delta)
        for unit in units:
            self._await(unit)
        self._watch(delta.regions)
        self.gates.update(gates_of(delta.structures))
        return self.open_ready([unit.leader for unit in units], now)

    def again(self, leader: PrimitiveId, now: float) -> TaskId:
        """Open a unit that failed once more."""
        before = self.open[leader]
        # No two tasks of a unit are equal, also where the attempts around it count from 0 again.
        attempt = max(before.attempt + 1, self._attempt(leader))
        moment, edition = self.attempts.moment, self.edition
        cause = before.cause if self.last is None else self.last
        self.open[leader] = Progress(now, attempt, moment, cause, edition, usage=before.usage)
        return TaskId(self.id, leader, attempt, edition)

    def _attempt(self, leader: PrimitiveId) -> int:
        """Return how many attempts around a unit have failed."""
        if not self.attempts.used:
            return 0
        return self.attempts.before(self.within(self.growing.unit(leader).region))

    def since(self, leader: PrimitiveId) -> int:
        """Return the moment of `attempts` that a unit belongs to."""
        progress = self.open.get(leader)
        return self.attempts.moment if progress is None else progress.since

    def fail_attempt(self, region: RegionId, now: float) -> None:
        """Use up one attempt of `region`; what is within it has all its own, and its time, anew."""
        self.attempts.fail(region)
        known = {*self.attempts.used, *self.deadlines}
        for inner in sorted(each for each in known if self._is_within(each, region)):
            if inner != region:
                self.attempts.renew(inner)
                self.start_clock(inner, now)

    def start_clock(self, region: RegionId, now: float) -> None:
        """Count the time that `region` may take from now on."""
        timeout_ms = self.growing.region(region).timeout_ms
        if timeout_ms is not None:
            self.deadlines[region] = now + timeout_ms / 1000

    def late(self, now: float) -> Region | None:
        """Return the region whose time was up first, if there is one."""
        late = [(when, region) for region, when in self.deadlines.items() if when <= now]
        return self.growing.region(min(late)[1]) if late else None

    def close(self, region: RegionId) -> tuple[PrimitiveId, ...]:
        """Note that `region` is over; return the units made in it, which nothing reads any more.

        Its exit stays done: others may come to wait for it.
        """
        self.end(region)
        made = self.hints.part(self.made.pop(region, ()))
        gone = (*made, *self.over.pop(region, ()))
        closed = self.growing.close(region)
        exit, within = closed.exit, closed.within
        for leader in gone:
            if leader != exit:
                self.done.difference_update(self.growing.members(leader))
        if within is not None and exit not in self.plan.units:
            self.over.setdefault(within, []).append(exit)
        self.growing.forget(gone)
        return gone

    def drop(self, failed: RegionId) -> set[PrimitiveId]:
        """Give up all that is within a region; return its units."""
        self.hints.drop([each for each in self.hints.waits if self.is_in(each, failed)])
        gone = {leader for leader in (*self.missing, *self.open) if self.is_in(leader, failed)}
        for leader in gone:
            self.missing.pop(leader, None)
            self.open.pop(leader, None)
        for opening in [o for o, each in self.unfoldings.items() if self._holds(each, failed)]:
            if self.unfoldings.pop(opening).growing:
                self.done.discard(opening)
        for order in [o for o, region in self.ordered.items() if self._is_within(region, failed)]:
            del self.ordered[order]
        for region in [r for r in self.exits.values() if self._is_within(r, failed)]:
            gone.update(self.hints.part(self.made.pop(region, ())))
            self.over.pop(region, None)
            self.end(region)
        self._forget_guesses({failed}, gone)
        exit = self.growing.region(failed).exit
        for leader in gone:
            self.held.pop(leader, None)
        for leader in gone - {exit}:
            self._give_up(leader)
            self.children.pop(leader, None)
        self.done -= gone
        self.growing.forget(gone - {exit})  # others wait for that
        return gone

    def _forget_guesses(self, regions: Collection[RegionId], gone: Iterable[PrimitiveId]) -> None:
        for own, guess in list(self.guesses.items()):  # some are only being opened
            inside = self.within(guess.structure.region)
            if own in regions or any(each.id in regions for each in inside):
                del self.guesses[own]
        for leader in gone:
            self.gates.pop(leader, None)

    def hold(self, dropped: Region, trouble: Trouble) -> None:
        """Keep what has become of a region that was given up, until it is decided about."""
        self.held[dropped.exit] = trouble
        if dropped.within is not None:
            self.made.setdefault(dropped.within, []).append(dropped.exit)

    def drop_inside(self, regions: Collection[RegionId]) -> set[PrimitiveId]:
        """Give up all that is in `regions`, which are to be made anew; return its units."""
        gone = {
            leader
            for leader in (*self.missing, *self.open)
            if self.growing.unit(leader).region in regions
        }
        for region in regions:
            gone.update(self.hints.part(self.made.pop(region, ())), self.over.pop(region, ()))
            self.end(region)
        self._forget_guesses(regions, gone)
        for opening in [o for o, u in self.unfoldings.items() if u.structure.region in regions]:
            del self.unfoldings[opening]
        for order in [o for o, region in self.ordered.items() if region in regions]:
            del self.ordered[order]
        return gone

    def forget(self, units: Collection[PrimitiveId]) -> None:
        """Keep nothing of units that are to be made anew."""
        for leader in units:
            self.done.difference_update(self.growing.members(leader))
            for known in (self.missing, self.open, self.held, self.children, self.starts):
                known.pop(leader, None)
        self.growing.forget(units)

    def _give_up(self, leader: PrimitiveId) -> None:
        """Let the author's steps wait no more for what of a unit is not done."""
        for primitive in self.growing.unit(leader).members:
            if primitive in self.plan.graph.primitives and primitive not in self.done:
                self.close_step(primitive)

    def start_steps(self, leader: PrimitiveId, now: float) -> list[str]:
        """Note that unit `leader` has left; return the author's steps that it is the first of."""
        started = []
        for primitive in self.growing.unit(leader).members:
            step = self.growing.primitive(primitive).step
            if step is not None and step not in self.steps_started:
                self.steps_started[step] = now
                started.append(step)
        return started

    def close_step(self, primitive: PrimitiveId) -> str | None:
        """Return the author's step that `primitive` was the last of, if it was."""
        step = self.growing.primitive(primitive).step
        if step is None or primitive not in self.plan.graph.primitives:
            return None
        self.steps_left[step] -= 1
        return step if self.steps_left[step] == 0 else None

    def is_over(self) -> bool:
        """All work is done, or the run is ending; and no engine holds any of it."""
        if self.inside:
            return False
        return self.ending is not None or self.is_done

    @property
    def is_done(self) -> bool:
        """Whether all work is done; hints are none."""
        return not (self.missing or self.open or self.ordered)

    def within(self, region: RegionId | None) -> Iterable[Region]:
        """Return the regions that what is in `region` may fail with, from the inside out."""
        return self.growing.around(region)

    def region_of(self, leader: PrimitiveId) -> RegionId | None:
        """Return the innermost region that fails with a unit, or with what it is opening."""
        unfolding = self.unfoldings.get(leader)
        return unfolding.structure.region if unfolding else self.growing.unit(leader).region

    def guess_around(self, region: RegionId | None) -> Guess | None:
        """Return the innermost branch around a region that was opened ahead of its condition."""
        if not self.guesses:
            return None
        found = (self.guesses.get(each.id) for each in self.within(region))
        return next((guess for guess in found if guess is not None), None)

    def put_back(self, unit: Unit, primitive: Primitive) -> None:
        """Let a unit wait for being made, as it did before it was."""
        self.growing.put_back(unit, primitive)
        self.missing[unit.leader] = sum(id not in self.done for id in unit.waits) + unit.pending

    def _watch(self, regions: Iterable[Region]) -> None:
        for region in regions:
            self.exits[region.exit] = region.id
            if region.start is not None:
                self.starts[region.start] = region.id

    def _await(self, unit: Unit) -> None:
        waits = sum(id not in self.done for id in unit.waits)
        if unit.warms is None:
            self.missing[unit.leader] = waits + unit.pending
        else:
            self.hints.expect(unit, waits)
        if unit.region is not None:
            self.made.setdefault(unit.region, []).append(unit.leader)

    def end(self, region: RegionId) -> None:
        """Count neither time nor attempts of `region` any more."""
        self.deadlines.pop(region, None)
        self.attempts.forget(region)
        self.exits.pop(self.growing.region(region).exit, None)

    def is_in(self, primitive: PrimitiveId, region: RegionId) -> bool:
        """Whether a primitive is within `region`."""
        return self._is_within(self.growing.region_of(primitive), region)

    def _is_within(self, inner: RegionId | None, outer: RegionId) -> bool:
        return any(region.id == outer for region in self.growing.around(inner))

    def _holds(self, unfolding: Unfolding, region: RegionId) -> bool:
        return self._is_within(unfolding.structure.region, region)
