"""What follows in one run when something that needs no engine is computed, or a part is opened."""

from collections.abc import Iterator

from executors.scheduler.commands import (
    Command,
    Forget,
    Prepare,
    StepFinished,
    StepProgressed,
    Unfold,
)
from executors.scheduler.events import TaskId, Unfolded
from executors.scheduler.run import Run
from executors.scheduler.speculation import is_opened
from executors.scheduler.unfolding import Unfolding
from planner.graph import PrimitiveId
from planner.structure import AHEAD, Child, Shape


def settle(run: Run, task: TaskId, shape: Shape, now: float) -> Iterator[Command]:
    """Yield what is to be done once `task`, which needs no engine, is done."""
    id = task.unit
    del run.open[id]
    yield from close_step(run, id, now)
    if (begun := run.unfoldings.get(id)) is not None:
        begun.complete(shape)
        yield from _progress(run, begun)
        yield from unfold(run, id)
        return
    yield from map(Prepare, run.finish(id, now))
    structure = run.growing.structure(id)
    if structure is not None and not is_opened(run, structure):
        run.unfoldings[id] = Unfolding(structure, shape)
        yield from unfold(run, id)
    if (timed := run.starts.pop(id, None)) is not None:
        run.start_clock(timed, now)
    if (region := run.exits.get(id)) is not None:
        yield Forget(run.id, run.close(region), region)
    if id in run.children:
        yield from _child_over(run, id, shape)


def take_in(run: Run, event: Unfolded, now: float) -> Iterator[Command]:
    """Yield what is to be done about a part that was opened; nothing if it is not wanted."""
    key = (event.opening or event.delta.primitives[-1].id, event.child)
    if key not in run.ordered:
        if event.child == AHEAD:
            units = (unit.leader for unit in event.delta.units)
            yield Forget(run.id, tuple(id for id in units if id not in run.missing))
        return
    del run.ordered[key]
    if event.delta.exit is not None and event.opening is not None and event.child is not None:
        run.children[event.delta.exit] = (event.opening, event.child)
    yield from map(Prepare, run.grow(event.delta, now))


def unfold(run: Run, opening: PrimitiveId) -> Iterator[Unfold]:
    """Yield the orders for what of a structure may be opened now, its end included."""
    unfolding = run.unfoldings[opening]
    for child in unfolding.open_more():
        yield _order(run, unfolding, child)
    if unfolding.ends_at_once:
        del run.unfoldings[opening]
    elif unfolding.is_over:
        del run.unfoldings[opening]
        yield _order(run, unfolding, None)


def close_step(run: Run, primitive: PrimitiveId, now: float) -> Iterator[StepFinished]:
    """Yield the end of the author's step that `primitive` was the last of."""
    step = run.close_step(primitive)
    if step is not None:
        started = run.steps_started.get(step)
        took = 0.0 if started is None else now - started
        yield StepFinished(run.id, step, took, skipped=started is None)


def _order(run: Run, unfolding: Unfolding, child: Child | None) -> Unfold:
    opening = unfolding.structure.opening
    run.ordered[opening, child] = unfolding.structure.region
    shape = unfolding.shape if child is not None else unfolding.ending
    return Unfold(run.id, opening, child, shape, unfolding.over)


def _child_over(run: Run, exit: PrimitiveId, shape: Shape) -> Iterator[Command]:
    opening, child = run.children.pop(exit)
    unfolding = run.unfoldings.get(opening)
    if unfolding is not None:
        unfolding.end(child, shape)
        if unfolding.growing:
            unfolding.ended.append(exit)
        yield from _progress(run, unfolding)
        yield from unfold(run, opening)


def _progress(run: Run, unfolding: Unfolding) -> Iterator[StepProgressed]:
    if unfolding.moved_on() and run.guess_around(unfolding.structure.region) is None:
        opening, total = unfolding.structure.opening, unfolding.shape.count
        elements = unfolding.structure.kind != "stages"
        yield StepProgressed(run.id, opening, unfolding.over, total, elements)
