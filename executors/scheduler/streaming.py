"""Lists that are gone over while they still come: begun with, and taken back.

The elements of a structure are opened as the items of its source close. Until the whole list is
there they are provisional: if the source fails, is tried again or replaced, they are given up and
opened anew from what is accepted; and what fails of them is decided about only then, since the
list may come to be another one.
"""

from collections.abc import Collection, Iterator

from executors.scheduler.commands import Command
from executors.scheduler.run import Run
from executors.scheduler.settling import unfold
from executors.scheduler.unfolding import Unfolding
from planner.graph import PrimitiveId, RegionId
from planner.structure import Region, Shape


def items_closed(run: Run, decode: PrimitiveId, count: int) -> Iterator[Command]:
    """Yield what may be begun with, now that `decode` has given `count` items."""
    for structure in run.growing.fed_by(decode):
        opening = structure.opening
        if opening in run.unfoldings:
            run.unfoldings[opening].grow(count)
            yield from unfold(run, opening)
        elif run.missing.get(opening) == 1:  # it waits for nothing but the list
            run.unfoldings[opening] = Unfolding(structure, Shape(count=count), growing=True)
            run.done.add(opening)
            run.hints.late(opening)
            for reader in _waiting(run, opening):
                run.missing[reader] -= 1
            yield from unfold(run, opening)


def is_provisional(run: Run, region: Region) -> bool:
    """Whether `region` is an element of a list that is not whole."""
    opening, _ = run.children.get(region.exit, (None, None))
    unfolding = run.unfoldings.get(opening) if opening is not None else None
    return unfolding is not None and unfolding.growing


def take_back(run: Run, decodes: Collection[PrimitiveId]) -> set[PrimitiveId]:
    """Give up all that was begun with the items of `decodes`; return its units."""
    return _given_up(run, [o for o, source in _growing(run) if source in decodes])


def take_back_of(run: Run, region: RegionId) -> set[PrimitiveId]:
    """Give up what was begun with the items of a decode in `region`; return its units."""
    return _given_up(run, [o for o, source in _growing(run) if run.is_in(source, region)])


def _growing(run: Run) -> Iterator[tuple[PrimitiveId, PrimitiveId]]:
    for opening, each in run.unfoldings.items():
        if each.growing and each.structure.source is not None:
            yield opening, each.structure.source


def _given_up(run: Run, openings: Collection[PrimitiveId]) -> set[PrimitiveId]:
    gone: set[PrimitiveId] = set()
    for opening in openings:
        if opening in run.unfoldings:  # or it was inside one of those before
            gone |= _close_again(run, opening)
    return gone


def _close_again(run: Run, opening: PrimitiveId) -> set[PrimitiveId]:
    """Let a structure wait for its list as if nothing of it had come."""
    run.edition += 1
    unfolding = run.unfoldings.pop(opening)
    exits = {exit for exit, (of, _) in run.children.items() if of == opening}
    gone = exits | set(unfolding.ended) | run.drop_inside(_regions(run, exits))
    run.forget(gone)
    for order in [o for o in run.ordered if o[0] == opening or o[0] in exits]:
        del run.ordered[order]
    if (around := unfolding.structure.region) is not None and around in run.made:
        run.made[around] = [leader for leader in run.made[around] if leader not in gone]
    run.done.discard(opening)
    for reader in _waiting(run, opening):
        run.missing[reader] += 1
    return gone


def _regions(run: Run, exits: Collection[PrimitiveId]) -> set[RegionId]:
    """Return the regions with these exits that are not over, and all regions within them."""
    top = {run.exits[exit] for exit in exits if exit in run.exits}
    around = run.growing.around
    return {
        region for region in run.exits.values() if any(each.id in top for each in around(region))
    }


def _waiting(run: Run, opening: PrimitiveId) -> list[PrimitiveId]:
    readers = dict.fromkeys(run.growing.readers_of(opening))
    return [
        reader
        for reader in readers
        if reader in run.missing and opening in run.growing.unit(reader).waits
    ]
