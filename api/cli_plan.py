"""`teola plan`: what a workflow becomes before it runs, and what only a run can tell."""

import json
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from api.cli_validate import TENANT, declared_library, module_name
from api.engines_file import BadEngines
from api.exit_codes import Exit
from api.problems import ApiProblem
from api.settings import Settings
from planner.graph import Primitive
from planner.plan import Plan
from planner.primitives import OPS
from planner.render import mermaid
from planner.structure import Structure
from spec.source import Source

_WORDS = {
    "branch": "opened if its condition holds",
    "memo": "opened if its result is not remembered",
    "for_each": "opened for each element, {width} at a time",
    "fold": "opened for one element after another",
    "reduce": "opened for each group of a tree, {width} at a time",
    "loop": "opened for each round",
    "stages": "opened in pieces of what is cut, each of which goes on at once",
}


def show_plan(settings: Settings, file: Path, *, as_json: bool, as_mermaid: bool) -> Exit:
    """Show the plan of the workflow in `file`; return what to say at the end."""
    if as_json and as_mermaid:
        sys.stderr.write("teola: --json and --mermaid exclude each other\n")
        return Exit.USAGE
    try:
        source = Source(str(file), file.read_bytes(), "json" if file.suffix == ".json" else "yaml")
    except OSError as error:
        sys.stderr.write(f"teola: cannot read {file}: {error.strerror}\n")
        return Exit.USAGE
    if module_name(source) is not None:
        sys.stderr.write(f"teola: {file} is a module; a plan is made of a workflow that uses it\n")
        return Exit.NOT_VALID
    try:
        plan = declared_library(settings).open_text(TENANT, source).plan
    except BadEngines as error:
        sys.stderr.write(f"{error}\n")
        return Exit.USAGE
    except ApiProblem as problem:
        sys.stderr.write(f"{problem.page or problem.detail}\n")
        return Exit.NOT_VALID
    if as_mermaid:
        sys.stdout.write(mermaid(plan))
    elif as_json:
        sys.stdout.write(json.dumps(_facts(plan), ensure_ascii=False, indent=2) + "\n")
    else:
        _show(plan)
    return Exit.OK


def _facts(plan: Plan) -> dict[str, Any]:
    return {
        "fingerprint": plan.fingerprint,
        "operations": len(_worked(plan)),
        "primitives": [_primitive(each) for each in plan.graph],
        "structures": [_structure(plan, each) for each in plan.structures.values()],
        "outputs": dict(plan.outputs),
        "streamed": sorted(_streamed(plan)),
    }


def _worked(plan: Plan) -> list[Primitive]:
    """Return what is work of its own: not where a part begins or ends, nor what gives outputs."""
    return [each for each in plan.graph if each.step is not None and not OPS[each.op].computed]


def _streamed(plan: Plan) -> set[str]:
    """Return the outputs that are shown as they come."""
    return {*chain(*plan.streams.values(), *plan.feeds.values())}


def _primitive(each: Primitive) -> dict[str, Any]:
    return {
        "id": each.id,
        "op": each.op,
        "pool": each.pool,
        "step": each.step,
        "line": each.origin.line,
        "waits_for": sorted(each.waits_for()),
    }


def _structure(plan: Plan, each: Structure) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "step": plan.graph[each.opening].step,
        "opening": each.opening,
        "closing": each.closing,
        "width": each.width,
        "fields": list(each.fields),
    }


def _show(plan: Plan) -> None:
    table = Table("step", "operation", "pool", "waits for")
    for step, ids in plan.steps.items():
        rows = list(_rows(plan, ids))
        for at, row in enumerate(rows):
            table.add_row(step if at == 0 else "", *row, end_section=at == len(rows) - 1)
    console = Console(highlight=False, markup=False)
    console.print(table)
    streamed = _streamed(plan)
    for output, id in plan.outputs.items():
        shown = " (as it comes)" if output in streamed else ""
        console.print(f"{output} = {_waits(plan, plan.graph[id])}{shown}")
    console.print(f"operations: {len(_worked(plan))}, in {len(plan.steps)} steps")
    if plan.structures:
        console.print(f"parts that are opened while it runs: {len(plan.structures)}")


def _rows(plan: Plan, ids: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield what a step consists of; the end of a part is told with its beginning."""
    for primitive in (each for each in plan.graph if each.id in ids):
        structure = plan.structures.get(primitive.id)
        if structure is not None:
            words = _WORDS[structure.kind].format(width=structure.width)
            yield f"{structure.kind}: {words}", "", _waits(plan, primitive)
        elif not OPS[primitive.op].computed:
            yield primitive.op, primitive.pool, _waits(plan, primitive)


def _waits(plan: Plan, primitive: Primitive) -> str:
    """Return what has to be over before, by the names of steps where it is of another."""
    named: dict[str, None] = {}
    for other in _before(plan, primitive):
        named[_word(plan, other) if other.step == primitive.step else other.step or other.op] = None
    return ", ".join(named) or "nothing"


def _before(plan: Plan, primitive: Primitive) -> Iterator[Primitive]:
    """Yield what is waited for; in the place of what only gathers it, what that waits for."""
    ends = {each.closing for each in plan.structures.values()}
    for id in sorted(primitive.waits_for()):
        other = plan.graph[id]
        if OPS[other.op].computed and id not in ends and id not in plan.structures:
            yield from _before(plan, other)
        else:
            yield other


def _word(plan: Plan, primitive: Primitive) -> str:
    kinds = {each.closing: each.kind for each in plan.structures.values()}
    return kinds.get(primitive.id, primitive.op)
