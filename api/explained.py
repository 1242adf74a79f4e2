"""How a plan came about, as JSON and as text: the same facts for both doors."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from planner.explain import Change, Explained, Stage, Told
from planner.graph import Primitive, PrimitiveId
from planner.render import diagram, listing
from planner.structure import Structure


class PlannedOut(BaseModel):
    """One primitive of a graph. `ms`: what it takes alone; `critical`: it is on the longest way.

    `warms`: the call, or what opens the calls, for which it reads the beginning of a prompt ahead.
    """

    id: str
    op: str
    pool: str
    step: str | None
    line: int
    waits_for: list[str]
    warms: str | None
    ms: float
    critical: bool

    @staticmethod
    def of(each: Primitive, stage: Stage) -> "PlannedOut":
        """Write `each`, a primitive of `stage`."""
        estimate = stage.estimate
        return PlannedOut(
            id=each.id, op=each.op, pool=each.pool, step=each.step, line=each.origin.line,
            waits_for=sorted(each.waits_for()), warms=each.warms,
            ms=_ms(estimate.ms.get(each.id, 0.0)), critical=each.id in estimate.path,
        )  # fmt: skip


class StructureOut(BaseModel):
    """What is opened in a run, when `opening` is done; `closing` gives what came of it.

    `cut`: what is done in pieces. `source`: the call whose items are taken as each is closed; it
    `stops` after the last. `later`: what parts read that may be done after they are opened. `gate`:
    what a branch may be begun after, ahead of its condition; `saved_ms` are won if that is met.
    """

    kind: str
    opening: str
    closing: str
    cut: list[str]
    source: str | None
    stops: bool
    later: list[str]
    gate: str | None
    saved_ms: float | None

    @staticmethod
    def of(each: Structure) -> "StructureOut":
        """Write `each`."""
        pair = (each.pair.first, each.pair.second) if each.kind == "stages" else ()
        return StructureOut(
            kind=each.kind, opening=each.opening, closing=each.closing,
            cut=[part.id for part in pair if part is not None], source=each.source,
            stops=each.stops, later=sorted(each.later),
            gate=each.ahead.gate if each.ahead else None,
            saved_ms=_ms(each.ahead.saved_ms) if each.ahead else None,
        )  # fmt: skip


class StageOut(BaseModel):
    """The graph as `made_by` left it, `expand` or a pass, and what a run alone would take."""

    made_by: str
    critical_ms: float
    critical_path: list[str]
    work_ms: dict[str, float]
    primitives: list[PlannedOut]
    structures: list[StructureOut]
    mermaid: str

    @staticmethod
    def of(stage: Stage) -> "StageOut":
        """Write `stage`."""
        return StageOut(
            made_by=stage.made_by,
            critical_ms=_ms(stage.estimate.critical_ms),
            critical_path=list(stage.estimate.path),
            work_ms={pool: _ms(ms) for pool, ms in sorted(stage.estimate.work_ms.items())},
            primitives=[PlannedOut.of(each, stage) for each in stage.draft.primitives],
            structures=[StructureOut.of(each) for each in stage.draft.structures],
            mermaid=picture(stage),
        )


class PassOut(BaseModel):
    """What a pass did, or the `reason` why not: `off`, `nothing-to-do`, `no-pool-can`,
    `would-not-pay`, `saturated`, `broke-a-law`. `by`: who says whether it is on.

    Waits are pairs: who, for whom. `critical_ms` and `work_ms` are changes, in ms.
    """

    name: str
    on: bool
    by: str
    fired: bool
    reason: str | None
    detail: str | None
    added: list[str] = []
    removed: list[str] = []
    waits_dropped: list[tuple[str, str]] = []
    waits_added: list[tuple[str, str]] = []
    in_what_opens_later: bool = False
    critical_ms: float = 0.0
    work_ms: dict[str, float] = {}

    @staticmethod
    def of(told: Told) -> "PassOut":
        """Write `told`."""
        return PassOut(
            name=told.name,
            on=told.chosen.is_on,
            by=told.chosen.by,
            fired=told.change is not None,
            reason=told.why.reason if told.why else None,
            detail=told.why.detail if told.why else None,
            **(_change(told.change) if told.change else {}),
        )


class ExplainedOut(BaseModel):
    """The plan of a workflow: its graph before and after each pass that changed it, and what each
    pass did. Times are estimates for a run that is alone.
    """

    workflow: str
    version: str
    fingerprint: str
    critical_ms: float
    passes: list[PassOut]
    stages: list[StageOut]

    @staticmethod
    def of(workflow: str, version: str, explained: Explained) -> "ExplainedOut":
        """Write `explained`, which is about a version of a workflow."""
        return ExplainedOut(
            workflow=workflow,
            version=version,
            fingerprint=explained.plan.fingerprint,
            critical_ms=_ms(explained.last.estimate.critical_ms),
            passes=[PassOut.of(told) for told in explained.passes],
            stages=[StageOut.of(stage) for stage in explained.stages],
        )


def picture(stage: Stage) -> str:
    """Return a stage as a Mermaid flowchart."""
    draft, estimate = stage.draft, stage.estimate
    return diagram(draft.primitives, estimate.ms, estimate.path, structures=draft.structures)


def pictures(stages: Sequence[Stage]) -> str:
    """Return stages as Mermaid flowcharts; of several, each says what it is of."""
    if len(stages) == 1:
        return picture(stages[0])
    return "\n".join(f"%% after {stage.made_by}\n{picture(stage)}" for stage in stages)


def passes_text(explained: Explained) -> str:
    """Return a line for each pass: what it changed, or why not, and how long a run then takes."""
    first = explained.stages[0]
    lines = [f"as written: {first.estimate.critical_ms:,.1f} ms on the critical path"]
    stages = {stage.made_by: stage for stage in explained.stages}
    for told in explained.passes:
        if told.change is None:
            lines.append(f"{told.name}: {told.why.reason}, {told.why.detail}" if told.why else "")
            continue
        critical = stages[told.name].estimate.critical_ms
        words = ", ".join(_words(told.change)) or "how work is handed on"
        gains = abs(told.change.critical_ms) >= _SHOWN_MS
        lines.append(f"{told.name}: {words}: {critical:,.1f} ms{'' if gains else _AS_LONG}")
    return "\n".join(lines) + "\n"


#: What makes a difference in a text, and what is said of a pass that makes none.
_SHOWN_MS, _AS_LONG = 0.05, ", no gain on the critical path"


def graph_text(stage: Stage) -> str:
    """Return a line for each primitive: what it takes, what it waits for, and what is noted of it.

    Those on the critical path begin with a star.
    """
    estimate = stage.estimate
    return (
        f"after {stage.made_by}: {estimate.critical_ms:,.1f} ms on the critical path (*)\n"
        f"{listing(stage.draft, estimate.ms, estimate.path)}\n"
        f"work: {', '.join(_pools(estimate.work_ms))}\n"
    )


def explained_text(explained: Explained, *, between: bool) -> str:
    """Return what each pass did and the plan; `between` them every graph on the way."""
    stages = explained.stages if between else explained.stages[-1:]
    return "\n".join([passes_text(explained), *map(graph_text, stages)])


def _pools(work_ms: Any) -> Iterator[str]:
    return (f"{pool} {ms:,.1f} ms" for pool, ms in sorted(work_ms.items()))


def _words(change: Change) -> Iterator[str]:
    counts = (
        ("added", len(change.added)), ("removed", len(change.removed)),
        ("waits dropped", len(change.dropped)), ("waits added", len(change.new_waits)),
    )  # fmt: skip
    yield from (f"{count} {what}" for what, count in counts if count)
    if change.inside:
        yield "changes in what is opened later"
    yield from (
        f"{pool} {ms:+,.1f} ms of work" for pool, ms in sorted(change.work_ms.items()) if _ms(ms)
    )


def _change(change: Change) -> dict[str, Any]:
    return {
        "added": list[PrimitiveId](change.added),
        "removed": list[PrimitiveId](change.removed),
        "waits_dropped": list(change.dropped),
        "waits_added": list(change.new_waits),
        "in_what_opens_later": change.inside,
        "critical_ms": _ms(change.critical_ms),
        "work_ms": {pool: _ms(ms) for pool, ms in sorted(change.work_ms.items())},
    }


def _ms(ms: float) -> float:
    return round(ms, 3)
