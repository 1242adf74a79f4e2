"""A plan as a picture: Mermaid, one box per primitive, one frame per step."""

from collections.abc import Collection, Iterable, Mapping

from planner.graph import Primitive, PrimitiveId
from planner.plan import Plan


def mermaid(plan: Plan, ms: Mapping[PrimitiveId, float] | None = None) -> str:
    """Return a Mermaid flowchart of `plan`: solid arrows carry data, dotted ones only order."""
    return diagram(tuple(plan.graph), ms or {}, (), plan.steps)


def diagram(
    primitives: Collection[Primitive],
    ms: Mapping[PrimitiveId, float],
    path: Collection[PrimitiveId],
    steps: Iterable[str] = (),
) -> str:
    """Return a Mermaid flowchart of a graph, with what each box takes and the critical path bold.

    `steps` get a frame even where nothing of them is left.
    """
    numbers = {primitive.id: f"p{number}" for number, primitive in enumerate(primitives)}
    inside: dict[str, list[Primitive]] = {step: [] for step in steps}
    for each in primitives:
        if each.step is not None:
            inside.setdefault(each.step, []).append(each)
    lines = ["flowchart LR"]
    for step, part in inside.items():
        lines.append(f'  subgraph s_{step}["{step}"]')
        lines += [f"    {numbers[each.id]}{_box(each, ms)}" for each in part]
        lines.append("  end")
    lines += [f"  {numbers[p.id]}{_box(p, ms)}" for p in primitives if p.step is None]
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


def _box(primitive: Primitive, ms: Mapping[PrimitiveId, float]) -> str:
    taken = f"<br/>{ms[primitive.id]:.1f} ms" if primitive.id in ms else ""
    return f'["{primitive.id}<br/>{primitive.op} · {primitive.pool}{taken}"]'
