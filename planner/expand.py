"""Opens a checked workflow into a plan: what is known of it before any run."""

from collections.abc import Mapping
from types import MappingProxyType

from planner.draft import Draft, Watch, unwatched
from planner.graph import Graph, Primitive, PrimitiveId, RunInput
from planner.library import Library, PlanLimits
from planner.opener import Opener
from planner.passes.choice import Choice
from planner.passes.names import DEFAULT, PRUNE
from planner.passes.pipeline import rewritten
from planner.place import Place
from planner.plan import Plan
from planner.pools import Pools
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
    passes: frozenset[str] = DEFAULT,
    watch: Watch = unwatched,
    limits: PlanLimits = PlanLimits(),  # noqa: B008  # nobody changes it
) -> Plan:
    """Open `document` over `modules` and `flows`, and rewrite it by `passes`.

    `watch` is shown what each pass makes. Where nobody watches, waits that would be pruned at once
    are not made, as in what is opened later; the plan is the same. Raise `PlanTooLarge` for what
    passes a limit, `IllegalGraph` if what comes out breaks a law, and `BrokenPass` if what a pass
    makes does.
    """
    library = Library(modules, flows, pools, passes, limits, watch)
    is_seen = watch is not unwatched or PRUNE not in passes
    outputs, plain = opened(document, library, authored=is_seen)
    verify(Graph.of(plain.primitives), "expand", pools.kinds)
    draft = rewritten(plain, library)
    graph = Graph.of(draft.primitives)
    streams, feeds = _shown(document, outputs, graph)
    return Plan.of(
        graph=graph,
        outputs=outputs,
        streams=streams,
        feeds=feeds,
        steps=_steps(document, graph),
        structures=draft.structures,
        regions=draft.regions,
        library=library,
    )


def opened(
    document: Document, library: Library, *, authored: bool = True
) -> tuple[dict[str, PrimitiveId], Draft]:
    """Return what gives each output, and all that a document opens into, in `authored` order or in
    that of data alone.

    No pass has looked at it. Raise `PlanTooLarge` for what passes a limit.
    """
    opener = Opener(library, authored)
    inputs: dict[str, Value] = {each.id: RunInput(each.id) for each in document.inputs}
    fields = opener.document(document, inputs, Place())
    outputs = {
        output.id: opener.add(_output(output, fields[output.id], library.pools))
        for output in document.outputs
    }
    draft = Draft(
        primitives=tuple(opener.primitives),
        structures=tuple(opener.structures),
        regions=tuple(opener.regions),
        kept=frozenset(outputs.values()),
    )
    return outputs, draft


def choice_of(document: Document) -> Choice:
    """Return which passes a document itself turns off and on."""
    return Choice(frozenset(document.passes_off), frozenset(document.passes_on))


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
    document: Document, outputs: Mapping[str, PrimitiveId], graph: Graph
) -> tuple[dict[PrimitiveId, tuple[str, ...]], dict[tuple[PrimitiveId, str], tuple[str, ...]]]:
    """Return what shows in the outputs that are streamed: texts as they come, and structures."""
    streams: dict[PrimitiveId, tuple[str, ...]] = {}
    feeds: dict[tuple[PrimitiveId, str], tuple[str, ...]] = {}
    for id in document.stream:
        value = graph[outputs[id]].params["value"]
        fed(value, (id,), graph.primitives, streams, feeds)
    return streams, feeds


def _steps(document: Document, graph: Graph) -> dict[str, tuple[PrimitiveId, ...]]:
    inside: dict[str, list[PrimitiveId]] = {step.id: [] for step in document.steps}
    for primitive in graph:
        if primitive.step is not None and primitive.warms is None:  # no step waits for a hint
            inside[primitive.step].append(primitive.id)
    return {step: tuple(ids) for step, ids in inside.items()}
