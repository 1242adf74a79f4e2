"""A plan as a picture: Mermaid, one box per primitive, one frame per step."""

from planner.graph import Primitive
from planner.plan import Plan


def mermaid(plan: Plan) -> str:
    """Return a Mermaid flowchart of `plan`: solid arrows carry data, dotted ones only order."""
    numbers = {primitive.id: f"p{number}" for number, primitive in enumerate(plan.graph)}
    lines = ["flowchart LR"]
    inside = {id for ids in plan.steps.values() for id in ids}
    for step, ids in plan.steps.items():
        lines.append(f'  subgraph s_{step}["{step}"]')
        lines += [f"    {numbers[id]}{_box(plan.graph[id])}" for id in ids]
        lines.append("  end")
    lines += [f"  {numbers[p.id]}{_box(p)}" for p in plan.graph if p.id not in inside]
    for primitive in plan.graph:
        read = {output.primitive: output.port for output in primitive.reads()}
        here = numbers[primitive.id]
        lines += [f"  {numbers[id]} -- {port} --> {here}" for id, port in sorted(read.items())]
        lines += [f"  {numbers[id]} -.-> {here}" for id in sorted(primitive.after - set(read))]
    return "\n".join(lines) + "\n"


def _box(primitive: Primitive) -> str:
    return f'["{primitive.id}<br/>{primitive.op} · {primitive.pool}"]'
