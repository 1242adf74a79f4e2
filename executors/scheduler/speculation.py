"""Speculation: branches that are opened before their condition is known, where it is worth it.

What is begun so is a region of its own, behind all other work. Its end waits for the condition, so
nobody reads what it gives before; what fails inside is held until then. When the condition is met
the region is like any other, and nothing is done again; when it is not, the region is given up like
one that has failed, and is as if it had never been.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from executors.scheduler.chances import Chances
from executors.scheduler.commands import Command, Speculated, StepStarted, Unfold
from executors.scheduler.guess import Guess
from executors.scheduler.hints import LAST
from executors.scheduler.pool import Pool
from executors.scheduler.run import Run
from planner.graph import PoolName, PrimitiveId
from planner.structure import AHEAD, Ahead, Shape, Structure


def priority_of(run: Run, leader: PrimitiveId) -> int:
    """Return what a unit leaves the queue by; what is kept in an engine stays there as it left."""
    unit = run.growing.unit(leader)
    return LAST if run.guess_around(unit.region) is not None else run.priority + unit.priority


def is_worth(ahead: Ahead, chance: float, pools: Mapping[PoolName, Pool]) -> bool:
    """Whether to open a branch ahead of a condition that is met with probability `chance`.

    The price of work is what it makes others wait: u/(1-u) at the utilisation u of its pool, which
    is how many there are for each server of a queue; and never less than the work itself.
    """
    cost_ms = sum(ms * max(1.0, pools[pool].load()) for pool, ms in ahead.work_ms.items())
    return chance * ahead.saved_ms > (1 - chance) * cost_ms


def pass_gate(
    run: Run, gate: PrimitiveId, pools: Mapping[PoolName, Pool], chances: Chances
) -> Iterator[Command]:
    """Yield the order to open the branch behind `gate`, which is done, if it is worth it.

    What would show text of a step that may be skipped is left alone.
    """
    structure = run.growing.structure(run.gates.pop(gate))
    if structure is None or structure.ahead is None or run.ending is not None:
        return
    opening, closing = structure.opening, structure.closing
    if any((closing, name) in run.growing.feeds for name in structure.fields):
        return
    chance = chances.of(run.tenant, run.plan.fingerprint, opening)
    if is_worth(structure.ahead, chance, pools):
        end = run.growing.unit(closing)
        run.guesses[structure.region_ahead] = Guess(structure, end, run.growing.primitive(closing))
        run.ordered[opening, AHEAD] = structure.region
        yield Unfold(run.id, opening, AHEAD, Shape())


def close_gate(run: Run, gate: PrimitiveId) -> None:
    """Let nothing wait at `gate` any more: the condition behind it is known."""
    if run.gates.pop(gate, None) is not None:
        run.missing.pop(gate, None)
        run.open.pop(gate, None)


def keep(run: Run, structure: Structure, pools: Iterable[Pool]) -> Iterator[Command]:
    """Make what was begun ahead of a condition that is met the run's own, with its priorities."""
    guess = run.guesses.pop(structure.region_ahead)
    outer = run.guess_around(structure.region)
    if outer is not None:
        outer.take_over(guess)
    for step, (since, pool) in guess.started.items() if outer is None else ():
        if step not in run.steps_started:
            run.steps_started[step] = since
            yield StepStarted(run.id, step, pool)
    for each in pools:
        each.rank(run.id, partial(priority_of, run))
    yield _told(run, guess, kept=True)


def drop(run: Run, structure: Structure, now: float) -> tuple[set[PrimitiveId], Speculated]:
    """Give up what was begun ahead of a condition that is not met; return its units."""
    guess = run.guesses[structure.region_ahead]
    if (structure.opening, AHEAD) in run.ordered:  # what comes of it is not taken in any more
        del run.ordered[structure.opening, AHEAD], run.guesses[structure.region_ahead]
        return set(), _told(run, guess, kept=False)
    _add_up(run, guess, now)
    gone = run.drop(structure.region_ahead)
    run.put_back(guess.end, guess.closing)
    return gone, _told(run, guess, kept=False)


def is_opened(run: Run, structure: Structure) -> bool:
    """Whether a structure was opened ahead of its opening, or is just being so."""
    made = not run.growing.unit(structure.closing).pending
    return made or (structure.opening, AHEAD) in run.ordered


def _add_up(run: Run, guess: Guess, now: float) -> None:
    """Count what is being done, and what inside has not been decided about either."""
    region = guess.structure.region_ahead
    for leader, progress in run.open.items():
        if any(each.id == region for each in run.within(run.growing.unit(leader).region)):
            guess.execution_s += progress.execution_s
            guess.execution_s += now - progress.turned_at if progress.inside else 0.0
            guess.usage += progress.usage
    for other, inner in run.guesses.items():
        if other != region and any(
            each.id == region for each in run.within(inner.structure.region)
        ):
            guess.take_over(inner)


def _told(run: Run, guess: Guess, *, kept: bool) -> Speculated:
    return Speculated(
        run=run.id,
        opening=guess.structure.opening,
        kept=kept,
        primitives=guess.primitives,
        execution_s=guess.execution_s,
        usage=guess.usage,
    )
