"""How a plan came about: the graph before and after each pass, what each changed, or why not.

Facts only: doors write them as text, JSON or pictures. Times are those of a run that is alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from planner.draft import Draft, unwatched
from planner.errors import BrokenPass
from planner.estimate import Estimate, Estimator
from planner.expand import NO_FLOWS, make_plan
from planner.graph import PoolName, PrimitiveId
from planner.held_back import held_back_by
from planner.library import Library
from planner.passes.choice import Chosen, are_on
from planner.passes.names import NAMES, NONE
from planner.plan import Plan
from planner.pools import Pools
from planner.unfired import Why, why_not
from spec.model import Document
from spec.records import record


@record
class Stage:
    """A graph on the way to the plan, as `made_by` left it: `expand`, or a pass.

    `inside` are the passes that change what is opened later, in a run, and `opened` what was opened
    of that, as `made_by` got it.
    """

    made_by: str
    draft: Draft
    estimate: Estimate
    inside: frozenset[str] = NONE
    opened: tuple[Draft, ...] = field(default=(), repr=False)


@record
class Change:
    """What a pass did to a graph. `dropped` and `new_waits` are of what is there before and after:
    who waits, and for whom. Of each pool `work_ms` is what is asked of it more, or less. `inside`:
    it also changes what is opened later, in a run.
    """

    added: tuple[PrimitiveId, ...]
    removed: tuple[PrimitiveId, ...]
    dropped: tuple[tuple[PrimitiveId, PrimitiveId], ...]
    new_waits: tuple[tuple[PrimitiveId, PrimitiveId], ...]
    critical_ms: float
    work_ms: Mapping[PoolName, float]
    inside: bool


@record
class Told:
    """What became of one pass: it made a `change`, or there is a reason `why` it did not."""

    name: str
    chosen: Chosen
    change: Change | None
    why: Why | None


@record
class Explained:
    """The stages of a plan, the first as it was opened, each other after a pass that changed it."""

    plan: Plan
    stages: tuple[Stage, ...]
    passes: tuple[Told, ...]

    @property
    def last(self) -> Stage:
        """The stage that is the plan."""
        return self.stages[-1]


def explain(
    document: Document,
    modules: Mapping[str, Document],
    pools: Pools,
    chosen: Mapping[str, Chosen],
    flows: Mapping[tuple[str, str], Document] = NO_FLOWS,
) -> Explained:
    """Plan `document` by the passes `chosen`, and return how that went.

    A pass that breaks a law is told as such, and the plan is the plain one. Raise as `make_plan`.
    """
    seen = _Seen()
    broken: BrokenPass | None = None
    try:
        plan = make_plan(document, modules, pools, flows, are_on(chosen), seen.watch)
    except BrokenPass as error:
        broken, seen = error, _Seen()
        plan = make_plan(document, modules, pools, flows, NONE, seen.watch)
    return _explained(plan, seen, chosen, broken)


@dataclass(slots=True)
class _Seen:
    """What each pass got and made of the whole plan; what is opened later is no matter here."""

    drafts: dict[str, tuple[Draft, Draft]] = field(default_factory=dict)

    def watch(self, name: str, before: Draft, after: Draft) -> None:
        if before.whole:
            self.drafts.setdefault(name, (before, after))


def _explained(
    plan: Plan, seen: _Seen, chosen: Mapping[str, Chosen], broken: BrokenPass | None
) -> Explained:
    library = replace(plan.library, watch=unwatched)
    drafts = [before for before, _ in seen.drafts.values()] or [_draft_of(plan)]
    made: frozenset[str] = NONE
    stages = [_stage("expand", drafts[0], library, made)]
    passes = []
    for name in NAMES:
        draft, after = seen.drafts.get(name, (stages[-1].draft, stages[-1].draft))
        change: Change | None = None
        opened: tuple[Draft, ...] = ()
        if name in library.passes:
            made |= {name}
            stage = _stage(name, after, library, made)
            opened = stage.opened
            if after is not draft or name in stage.inside:
                stages.append(stage)
                change = _change(*stages[-2:])
        until = replace(library, passes=made)
        why = None if change else _why(name, chosen[name], (draft, *opened), until, broken)
        passes.append(Told(name, chosen[name], change, why))
    return Explained(plan, tuple(stages), tuple(passes))


def _draft_of(plan: Plan) -> Draft:
    return Draft(
        primitives=tuple(plan.graph),
        structures=tuple(plan.structures.values()),
        regions=tuple(plan.regions.values()),
        kept=frozenset(plan.outputs.values()),
    )


def _stage(name: str, draft: Draft, library: Library, made: frozenset[str]) -> Stage:
    """Estimate a draft, with what is opened later rewritten by the passes `made` so far."""
    inside: set[str] = set()
    opened: list[Draft] = []

    def watch(pass_name: str, before: Draft, after: Draft) -> None:
        if after is not before:
            inside.add(pass_name)
        if pass_name == name:
            opened.append(before)

    watched = replace(library, passes=made, watch=watch)
    estimate = Estimator(library.pools).of(draft, watched)
    return Stage(name, draft, estimate, frozenset(inside), tuple(opened))


def _change(before: Stage, after: Stage) -> Change:
    old, new = before.draft.by_id(), after.draft.by_id()
    waited = {id: old[id].waits_for() for id in old if id in new}
    waits = {id: new[id].waits_for() for id in waited}
    work, less = after.estimate.work_ms, before.estimate.work_ms
    return Change(
        added=tuple(id for id in new if id not in old),
        removed=tuple(id for id in old if id not in new),
        dropped=tuple((id, on) for id in waited for on in sorted(waited[id] - waits[id])),
        new_waits=tuple((id, on) for id in waits for on in sorted(waits[id] - waited[id])),
        critical_ms=after.estimate.critical_ms - before.estimate.critical_ms,
        work_ms={pool: work.get(pool, 0.0) - less.get(pool, 0.0) for pool in {**less, **work}},
        inside=after.made_by in after.inside,
    )


def _why(
    name: str,
    chosen: Chosen,
    drafts: Sequence[Draft],
    library: Library,
    broken: BrokenPass | None,
) -> Why:
    if not chosen.is_on:
        return Why("off", f"turned off by the {chosen.by}" if chosen.by != "default" else _OFF)
    if broken is not None:
        detail = f"{broken.name} broke a law, so no pass is made: {'; '.join(broken.problems)}"
        return Why("broke-a-law", detail)
    full = ", ".join(held_back_by(name, drafts[0], library))
    if full:
        return Why("saturated", f"it would add work to pools that are busy: {full}")
    return why_not(name, drafts, library)


_OFF = "off unless it is turned on"
