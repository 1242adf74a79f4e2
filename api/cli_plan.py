"""`teola plan`: what a workflow becomes before it runs, and what only a run can tell."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from api.cli_validate import TENANT, declared_library, module_name
from api.engines_file import BadEngines
from api.exit_codes import Exit
from api.explained import ExplainedOut, explained_text, pictures
from api.load import BadLoad, saturated_by_options
from api.plans import Terms
from api.problems import ApiProblem
from api.settings import Settings
from planner.explain import Explained
from planner.graph import Primitive
from planner.passes.choice import Choice
from planner.plan import Plan
from planner.primitives import OPS
from planner.structure import Structure
from spec.model import Document
from spec.source import Source

_WORDS = {
    "branch": "opened if its condition holds",
    "memo": "opened if its result is not remembered",
    "for_each": "opened for each element, {width} at a time",
    "fold": "opened for one element after another",
    "reduce": "opened for each group of a tree, {width} at a time",
    "loop": "opened for each round",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """In which form, and how much of it: the passes (`explained`), every graph (`between`)."""

    as_json: bool = False
    as_mermaid: bool = False
    explained: bool = False
    between: bool = False


def show_plan(
    settings: Settings, file: Path, passes: Choice, utilisation: list[str], wanted: Wanted
) -> Exit:
    """Show the plan of the workflow in `file` by `passes`, in a service of which `utilisation`
    says how busy it is; return what to say at the end.
    """
    if wanted.as_json and wanted.as_mermaid:
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
        library = declared_library(settings)
        terms = Terms(passes, saturated_by_options(utilisation, library.pools.kinds))
        document = library.read_workflow(TENANT, source)
        explained = library.explain(TENANT, document, source, terms)
    except BadEngines as error:
        sys.stderr.write(f"{error}\n")
        return Exit.USAGE
    except BadLoad as error:
        sys.stderr.write(f"teola: {error}\n")
        return Exit.USAGE
    except ApiProblem as problem:
        sys.stderr.write(f"{problem.page or problem.detail}\n")
        return Exit.NOT_VALID
    _print(document, explained, wanted)
    return Exit.OK


def _print(document: Document, explained: Explained, wanted: Wanted) -> None:
    stages = explained.stages if wanted.between else explained.stages[-1:]
    if wanted.as_mermaid:
        sys.stdout.write(pictures(stages))
    elif wanted.as_json:
        facts = _facts(explained.plan)
        if wanted.explained or wanted.between:
            told = ExplainedOut.of(document.name, document.version, explained)
            facts |= told.model_dump(mode="json")
        sys.stdout.write(json.dumps(facts, ensure_ascii=False, indent=2) + "\n")
    elif wanted.explained or wanted.between:
        sys.stdout.write(explained_text(explained, between=wanted.between))
    else:
        _show(explained.plan)


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
    pairs = [each.pair for each in plan.structures.values() if each.kind == "stages"]
    firsts = [pair.first for pair in pairs if pair.first is not None]
    whole = [each for each in plan.graph if each.step is not None and not OPS[each.op].computed]
    return [*whole, *firsts]


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
        if structure is not None and structure.kind == "stages":
            yield from _in_pieces(plan, structure)
        elif structure is not None:
            words = _WORDS[structure.kind].format(width=structure.width)
            yield f"{structure.kind}: {words}", "", _waits(plan, primitive)
        elif not (primitive.pending or OPS[primitive.op].computed):
            yield primitive.op, primitive.pool, _waits(plan, primitive)


def _in_pieces(plan: Plan, structure: Structure) -> Iterator[tuple[str, str, str]]:
    """Yield what is done in pieces, each of which goes on as soon as it is done."""
    pair = structure.pair
    pieces = [each for each in (pair.first, pair.second) if each is not None]
    for before, each in zip((None, *pieces), pieces, strict=False):
        waits = _waits(plan, each) if before is None else f"its pieces of {before.op}"
        yield f"{each.op}, in pieces", each.pool, waits


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
