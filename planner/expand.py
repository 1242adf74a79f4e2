"""Opens a checked workflow into a plan: what is known of it before any run."""

from collections.abc import Mapping
from types import MappingProxyType

from planner.graph import Graph, Primitive, PrimitiveId, RunInput
from planner.library import Library, Pools
from planner.opener import Fields, Opener
from planner.place import Place
from planner.plan import Plan
from planner.unfold import fed
from planner.verify import verify
from spec.model import Document, Output
from spec.values import Value

NO_FLOWS: Mapping[tuple[str, str], Document] = MappingProxyType({})


def make_plan(
    document: Document,
    modules: Mapping[str, Document],
    pools: Pools,
    flows: Mapping[tuple[str, str], Document] = NO_FLOWS,
) -> Plan:
    """Open `document` over `modules` and `flows`. Raise `PlanTooLarge` for what passes a limit.

    Raise `IllegalGraph` if what comes out breaks a law.
    """
    library = Library(modules, flows, pools)
    opener = Opener(library)
    inputs: dict[str, Value] = {each.id: RunInput(each.id) for each in document.inputs}
    fields = opener.document(document, inputs, Place())
    outputs = {
        output.id: opener.add(_output(output, fields[output.id], pools))
        for output in document.outputs
    }
    graph = Graph.of(opener.primitives)
    verify(graph, "expand", pools.kinds)
    streams, feeds = _shown(document, fields, graph)
    return Plan.of(
        graph=graph,
        outputs=outputs,
        streams=streams,
        feeds=feeds,
        steps=_steps(document, graph),
        structures=opener.structures,
        regions=opener.regions,
        library=library,
    )


def _output(output: Output, value: Value, pools: Pools) -> Primitive:
    return Primitive(
        id=PrimitiveId(f"output:{output.id}"),
        op="select",
        pool=pools.default["inline"],
        params={"value": value},
        after=frozenset(),
        call=None,
        priority=0,
        step=None,
        origin=output.origin,
    )


def _shown(
    document: Document, fields: Fields, graph: Graph
) -> tuple[dict[PrimitiveId, tuple[str, ...]], dict[tuple[PrimitiveId, str], tuple[str, ...]]]:
    """Return what shows in the outputs that are streamed: texts as they come, and structures."""
    streams: dict[PrimitiveId, tuple[str, ...]] = {}
    feeds: dict[tuple[PrimitiveId, str], tuple[str, ...]] = {}
    for id in document.stream:
        fed(fields[id], (id,), graph.primitives, streams, feeds)
    return streams, feeds


def _steps(document: Document, graph: Graph) -> dict[str, tuple[PrimitiveId, ...]]:
    inside: dict[str, list[PrimitiveId]] = {step.id: [] for step in document.steps}
    for primitive in graph:
        if primitive.step is not None:
            inside[primitive.step].append(primitive.id)
    return {step: tuple(ids) for step, ids in inside.items()}
