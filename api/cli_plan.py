"""`teola plan`: what a workflow becomes before it runs, and what only a run can tell."""

import json
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from api.cli_validate import TENANT, declared_library
from api.engines_file import BadEngines
from api.exit_codes import Exit
from api.problems import ApiProblem
from api.settings import Settings
from planner.graph import Primitive
from planner.plan import Plan
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
}


def show_plan(settings: Settings, file: Path, *, as_json: bool, as_mermaid: bool) -> Exit:
    """Show the plan of the workflow in `file`; return what to say at the end."""
    try:
        source = Source(str(file), file.read_bytes(), "json" if file.suffix == ".json" else "yaml")
    except OSError as error:
        sys.stderr.write(f"teola: cannot read {file}: {error.strerror}\n")
        return Exit.USAGE
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
        "primitives": [_primitive(each) for each in plan.graph],
        "structures": [_structure(plan, each) for each in plan.structures.values()],
        "outputs": dict(plan.outputs),
        "streams": {id: list(outputs) for id, outputs in plan.streams.items()},
    }


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
    streamed = {*chain(*plan.streams.values(), *plan.feeds.values())}
    for output, id in plan.outputs.items():
        shown = " (as it comes)" if output in streamed else ""
        console.print(f"{output} = {_waits(plan, plan.graph[id])}{shown}")
    later = len(plan.structures)
    opened = f", and {later} parts that are opened while it runs" if later else ""
    console.print(f"{len(plan.graph.primitives)} operations in {len(plan.steps)} steps{opened}")


def _rows(plan: Plan, ids: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield what a step consists of; the end of a structure is told with its beginning."""
    ends = {each.closing for each in plan.structures.values()}
    for primitive in (each for each in plan.graph if each.id in ids and each.id not in ends):
        structure = plan.structures.get(primitive.id)
        if structure is None:
            yield primitive.op, primitive.pool, _waits(plan, primitive)
            continue
        words = _WORDS[structure.kind].format(width=structure.width)
        yield f"{structure.kind}: {words}", "", _waits(plan, primitive)


def _waits(plan: Plan, primitive: Primitive) -> str:
    """Return what has to be over before, by the names of steps where it is of another."""
    named: dict[str, None] = {}
    for id in sorted(primitive.waits_for()):
        other = plan.graph[id]
        named[other.op if other.step == primitive.step else other.step or other.op] = None
    return ", ".join(named) or "nothing"
