"""speculate: begin what a condition guards before the condition is known.

Only what gives a result and does nothing else is begun: nothing that stores, calls a tool or is
timed. It is begun once all that it reads is done, which a gate waits for, and only if it is worth
it then: `P·saved > (1-P)·Σ price·work`. What is saved and worked follows from a plan and is found
here; how likely the condition is met, and what work costs under the load there is, the run knows.
What may be for nothing is not asked of a saturated pool at all. Nobody reads what was begun before
the condition is known.
Source: expected benefit against expected cost, as branches are speculated on; a pool's price is
what a unit of its work makes others wait: u/(1-u) at utilisation u.

>>> from planner.render import listing
>>> from planner.sketch import sketch
>>> page = '''
... module: maybe
... inputs: {question: string}
... steps:
...   read: {op: prefill, prompt: "Is this new? {{ inputs.question }}"}
...   said: {op: decode, call: $read.call}
...   web: {if: $said.text == "yes", op: web_search, query: $inputs.question}
... outputs: {docs: $web.docs}
... '''
>>> draft, library = sketch(page)
>>> print(listing(draft))
read            prefill @ llm <- .
said            decode @ llm <- read
web:branch      open @ inline <- said
web:branch:end  close @ inline <- web:branch; made in the run
output:docs     select @ inline <- web:branch:end
>>> print(listing(speculate(draft, library)))
read             prefill @ llm <- .
said             decode @ llm <- read
web:branch:gate  close @ inline <- .
web:branch       open @ inline <- said; may begin ahead, after web:branch:gate
web:branch:end   close @ inline <- web:branch; made in the run
output:docs      select @ inline <- web:branch:end
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from planner.computed import computed
from planner.draft import Draft
from planner.errors import PlanTooLarge
from planner.graph import Primitive, PrimitiveId
from planner.library import Library
from planner.memory import all_inside, has_effects
from planner.structure import Ahead, Structure

if TYPE_CHECKING:
    from planner.lone_times import LoneTimes

#: Less than this is not worth opening a branch for.
SAVED_MS_MIN = 5.0

#: Why a branch is not opened ahead of its condition.
Refusal: TypeAlias = Literal[
    "it has effects",
    "it is timed",
    "it is too large",
    "it comes in turn",
    "it takes no time",
    "it could not begin sooner",
    "it asks work of a saturated pool",
]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A branch that may be opened ahead, and the gate that says when."""

    ahead: Ahead
    gate: Primitive


def speculate(draft: Draft, library: Library) -> Draft:
    """Put a gate before each branch that may be opened ahead of its condition."""
    found = {id: each for id, each in considered(draft, library) if isinstance(each, Candidate)}
    if not found:
        return draft
    primitives: list[Primitive] = []
    for each in draft.primitives:
        if each.id in found:
            primitives.append(found[each.id].gate)
        primitives.append(each)
    structures = tuple(
        replace(each, ahead=found[each.opening].ahead) if each.opening in found else each
        for each in draft.structures
    )
    return replace(draft, primitives=tuple(primitives), structures=structures)


def considered(draft: Draft, library: Library) -> Iterator[tuple[PrimitiveId, Candidate | Refusal]]:
    """Yield the opening of each branch with what speaks for opening it ahead, or what against."""
    branches = [each for each in draft.structures if each.kind == "branch" and each.ahead is None]
    if not branches:
        return
    from planner.lone_times import LoneTimes  # opens parts of plans, as whoever makes passes does

    times = LoneTimes(draft, library)
    timed = {region.start for region in draft.regions}
    for each in branches:
        yield each.opening, _considered(each, times, timed)


def _considered(
    structure: Structure, times: "LoneTimes", timed: set[PrimitiveId | None]
) -> Candidate | Refusal:
    step, library = structure.body.step, times.library
    if has_effects(step, library):
        return "it has effects"
    if any(each.control.timeout_ms is not None for each in all_inside(step, library)):
        return "it is timed"  # time would count from a moment that the author does not mean
    before = times.until(structure.opening)
    if any(each.waits for each in before):
        return "it comes in turn"
    try:
        return _worth(structure, times.reads(structure) | _ordered(before, timed), times)
    except PlanTooLarge:
        return "it is too large"


def _ordered(before: Iterable[Primitive], timed: set[PrimitiveId | None]) -> frozenset[PrimitiveId]:
    """Return what the author has put before the condition, or before a block that it is in.

    What comes `after` its parts for being their end is none of it.
    """
    begun = (each for each in before if each.op != "close" or each.id in timed)
    return frozenset[PrimitiveId]().union(*(each.after for each in begun))


def _worth(
    structure: Structure, after: frozenset[PrimitiveId], times: "LoneTimes"
) -> Candidate | Refusal:
    inside = next(iter(times.estimate.inside.get(structure.closing, ())), None)
    if inside is None or inside.critical_ms < SAVED_MS_MIN:
        return "it takes no time"
    sooner_ms = times.end_ms((structure.opening,)) - times.end_ms(after)
    saved_ms = min(sooner_ms, inside.critical_ms)
    if saved_ms < SAVED_MS_MIN:
        return "it could not begin sooner"
    if not inside.work_ms.keys().isdisjoint(times.library.pools.saturated):
        return "it asks work of a saturated pool"
    id = PrimitiveId(f"{structure.opening}:gate")
    place = replace(structure.body.place, step=None, region=structure.region)
    gate = replace(computed("close", id, {}, place, times.library), after=after)
    return Candidate(Ahead(id, saved_ms, inside.work_ms), gate)
