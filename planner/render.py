"""A graph of primitives as text, a line each, and as a picture: Mermaid, a box each."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from planner.draft import Draft
from planner.graph import Primitive, PrimitiveId
from planner.plan import Plan
from planner.structure import Structure


def listing(
    draft: Draft,
    ms: Mapping[PrimitiveId, float] | None = None,
    path: Collection[PrimitiveId] = (),
) -> str:
    """Return a line for each primitive: what it does, where, what it waits for, and what is noted.

    With `ms` a line also says what that takes, and begins with a star on the critical `path`.
    """
    structures = {each.opening: each for each in draft.structures}
    width = max((len(each.id) for each in draft.primitives), default=0)
    lines = []
    for each in draft.primitives:
        name, waits = f"{each.id:<{width}}", ", ".join(sorted(each.waits_for())) or "."
        if ms is not None:
            name = f"{'*' if each.id in path else ' '} {name} {ms.get(each.id, 0.0):>10,.1f} ms"
        noted = "".join(f"; {note}" for note in notes(each, structures.get(each.id)))
        lines.append(f"{name}  {each.op} @ {each.pool} <- {waits}{noted}")
    return "\n".join(lines)


def notes(primitive: Primitive, structure: Structure | None) -> Iterator[str]:
    """Yield what is known of a primitive, and of the structure that it opens, besides its waits.

    Most of what passes change shows here alone: how work is handed on in a run.
    """
    if primitive.warms is not None:
        yield f"reads ahead for {primitive.warms}"
    if primitive.pending:
        yield "made in the run"
    if structure is None:
        return
    if structure.kind == "stages":
        cut = (each.id for each in (structure.pair.first, structure.pair.second) if each)
        yield f"in pieces: {', then '.join(cut)}"
    if structure.source is not None:
        ended = ", which is then ended" if structure.stops else ""
        yield f"each item as {structure.source} closes it{ended}"
    if structure.later:
        yield f"its parts wait for {', '.join(sorted(structure.later))} too"
    if structure.ahead is not None:
        yield f"may begin ahead, after {structure.ahead.gate}"


def mermaid(plan: Plan, ms: Mapping[PrimitiveId, float] | None = None) -> str:
    """Return a Mermaid flowchart of `plan`: solid arrows carry data, dotted ones only order."""
    return diagram(tuple(plan.graph), ms or {}, (), plan.steps, plan.structures.values())


def diagram(
    primitives: Collection[Primitive],
    ms: Mapping[PrimitiveId, float],
    path: Collection[PrimitiveId],
    steps: Iterable[str] = (),
    structures: Iterable[Structure] = (),
) -> str:
    """Return a Mermaid flowchart of a graph, with what each box takes and the critical path bold.

    `steps` get a frame even where nothing of them is left. What is noted stands in the boxes.
    """
    by_opening = {each.opening: each for each in structures}
    numbers = {primitive.id: f"p{number}" for number, primitive in enumerate(primitives)}
    boxes = {each.id: _box(each, by_opening.get(each.id), ms) for each in primitives}
    inside: dict[str, list[Primitive]] = {step: [] for step in steps}
    for each in primitives:
        if each.step is not None:
            inside.setdefault(each.step, []).append(each)
    lines = ["flowchart LR"]
    for step, part in inside.items():
        lines.append(f'  subgraph s_{step}["{step}"]')
        lines += [f"    {numbers[each.id]}{boxes[each.id]}" for each in part]
        lines.append("  end")
    lines += [f"  {numbers[p.id]}{boxes[p.id]}" for p in primitives if p.step is None]
    for primitive in primitives:
        lines += _arrows(primitive, numbers)
    if path:
        lines.append("  classDef critical stroke-width:3px")
        lines.append(f"  class {','.join(numbers[id] for id in path)} critical")
    return "\n".join(lines) + "\n"


def _arrows(primitive: Primitive, numbers: Mapping[PrimitiveId, str]) -> list[str]:
    read = {output.primitive: output.port for output in primitive.reads()}
    here = numbers[primitive.id]
    lines = [f"  {numbers[id]} -- {port} --> {here}" for id, port in sorted(read.items())]
    ordered = sorted((primitive.after | primitive.waits) - set(read))
    return lines + [f"  {numbers[id]} -.-> {here}" for id in ordered]


def _box(primitive: Primitive, structure: Structure | None, ms: Mapping[PrimitiveId, float]) -> str:
    parts = [primitive.id, f"{primitive.op} · {primitive.pool}"]
    if primitive.id in ms:
        parts.append(f"{ms[primitive.id]:.1f} ms")
    return f'["{"<br/>".join([*parts, *notes(primitive, structure)])}"]'
