"""What must hold after every event. Tests call this each time; it changes nothing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from executors.scheduler import hints
from executors.scheduler.events import TaskId
from executors.scheduler.pool import Pool
from executors.scheduler.run import Run
from executors.scheduler.scheduler import Scheduler
from executors.scheduler.streaming import is_provisional
from executors.scheduler.unfolding import Unfolding


def broken(scheduler: Scheduler) -> list[str]:
    """Return a sentence for every law that does not hold now."""
    return [
        *(problem for pool in scheduler.pools.values() for problem in _pool(scheduler, pool)),
        *(problem for run in scheduler.runs.values() for problem in _run(scheduler, run)),
        *_batches(scheduler),
    ]


def _pool(scheduler: Scheduler, pool: Pool) -> Iterator[str]:
    room = pool.limits.replicas * pool.limits.slots
    if len(pool.busy) > room:
        yield f"{pool.name}: {len(pool.busy)} batches in {room} slots"
    if pool.waiting and len(pool.busy) < room:
        yield f"{pool.name}: work waits although a slot is free"
    load = Counter(pool.busy.values())
    if any(batches > pool.limits.slots for batches in load.values()):
        yield f"{pool.name}: a replica holds more batches than slots"
    if any(one.rank() >= other.rank() for one, other in pairwise(pool.waiting)):
        yield f"{pool.name}: the queue is out of order"
    for entry in pool.waiting:
        run = scheduler.runs.get(entry.task.run)
        if run is None or run.ending is not None or entry.rows < 1:
            yield f"{pool.name}: {entry} should not wait"


def _run(scheduler: Scheduler, run: Run) -> Iterator[str]:
    inside = [
        piece.task
        for pieces in scheduler.batches.values()
        for piece in pieces.values()
        if piece.task.run == run.id
    ]
    if run.inside != len(inside):
        yield f"{run.id}: counts {run.inside} pieces in engines, {len(inside)} are"
    if run.is_over():
        yield f"{run.id}: is over but still there"
    yield from _units(run)
    yield from hints.broken(run, [task.unit for task in inside])
    if run.ending is None:
        yield from _guesses(run)
        yield from _held(run)
        yield from _rows(scheduler, run, inside)


def _units(run: Run) -> Iterator[str]:
    if shared := run.missing.keys() & run.open.keys():
        yield f"{run.id}: {shared} are waiting and open"
    for leader, count in run.missing.items():
        unit = run.growing.unit(leader)
        if count != len(unit.waits - run.done) + unit.pending:
            yield f"{run.id}: {leader} miscounts what it waits for"
        begun = leader in run.unfoldings and run.unfoldings[leader].growing
        if run.done & set(unit.members) and not unit.pending and not begun:
            yield f"{run.id}: {leader} is done and waits"
    for leader in run.open:
        if not run.growing.unit(leader).waits <= run.done:
            yield f"{run.id}: {leader} was opened too early"
    yield from _growth(run)


def _growth(run: Run) -> Iterator[str]:
    """What is opened as the run goes is wanted by something that has not ended."""
    live = Counter(opening for opening, _ in (*run.children.values(), *run.ordered))
    for opening, unfolding in run.unfoldings.items():
        if unfolding.structure.closing not in run.missing:
            yield f"{run.id}: {opening} is being opened, and nothing waits for its end"
        if unfolding.live != live[opening]:
            yield f"{run.id}: {opening} miscounts its children"
        if not (unfolding.live or unfolding.growing) or unfolding.live > unfolding.structure.width:
            yield f"{run.id}: {opening} has {unfolding.live} children open"
        yield from _list(run, unfolding)
    for exit, region in run.exits.items():
        if exit in run.done:
            yield f"{run.id}: {region} is over and still there"


def _guesses(run: Run) -> Iterator[str]:
    """What is begun ahead of a condition is still a guess, and its end waits for the condition."""
    for region, guess in run.guesses.items():
        opening, closing = guess.structure.opening, guess.structure.closing
        if opening in run.done or not run.missing.get(closing):
            yield f"{run.id}: {region} is decided about and still a guess"
    for gate, opening in run.gates.items():
        if opening in run.done or not (gate in run.missing or gate in run.open):
            yield f"{run.id}: nothing will pass {gate}"


def _list(run: Run, unfolding: Unfolding) -> Iterator[str]:
    """A list that is not whole is still waited for, and no more of it is begun with than is there.

    What of it failed is decided later, and never forgotten.
    """
    opening = unfolding.structure.opening
    if unfolding.growing and not (opening in run.done and opening in (*run.missing, *run.open)):
        yield f"{run.id}: {opening} is begun, and does not wait for the rest"
    if unfolding.next > unfolding.shape.count:
        yield f"{run.id}: {opening} opened {unfolding.next} of {unfolding.shape.count}"
    if unfolding.ended and not unfolding.growing:
        yield f"{run.id}: {opening} keeps what nothing takes back any more"


def _held(run: Run) -> Iterator[str]:
    """What is decided about later is inside a list that is not whole, or inside a guess."""
    for leader in run.held:
        around = run.within(run.region_of(leader))
        if not any(each.id in run.guesses or is_provisional(run, each) for each in around):
            yield f"{run.id}: {leader} has failed, and nothing will come of it"


def _rows(scheduler: Scheduler, run: Run, inside: Sequence[TaskId]) -> Iterator[str]:
    """No row of an open unit is lost or doubled: it waits, is in an engine, or is done."""
    there: Counter[TaskId] = Counter()
    for pool in scheduler.pools.values():
        for entry in pool.waiting:
            there[entry.task] += entry.rows
    for pieces in scheduler.batches.values():
        for piece in pieces.values():
            there[piece.task] += piece.stop - piece.start
    travelling = Counter(inside)
    wanted = {leader: each for leader, each in run.open.items() if leader not in run.held}
    for leader, progress in wanted.items():
        task = TaskId(run.id, leader, progress.attempt, progress.edition)
        if there[task] + progress.rows_done != progress.rows:
            yield f"{run.id}: rows of {leader} do not add up"
        if travelling[task] != progress.inside:
            yield f"{run.id}: {leader} miscounts its pieces in engines"


def _batches(scheduler: Scheduler) -> Iterator[str]:
    busy = [batch for pool in scheduler.pools.values() for batch in pool.busy]
    if sorted(busy) != sorted(scheduler.batches):
        yield f"batches {sorted(scheduler.batches)} do not match busy slots {sorted(busy)}"
    for batch, pieces in scheduler.batches.items():
        for piece in pieces.values():
            if piece.task.run not in scheduler.runs:
                yield f"batch {batch} carries a piece of a run that is gone"
