"""What makes a graph legal. Checked after expansion and after every rewrite."""

from collections import Counter
from collections.abc import Mapping

from planner.errors import IllegalGraph
from planner.graph import Graph, Output, PoolName, Primitive
from planner.order import circle
from planner.primitives import INNER_WORDS, OPS, PORT
from spec.values import Leaf, Name, leaves


def verify(
    graph: Graph, made_by: str, pools: Mapping[PoolName, str], *, whole: bool = True
) -> None:
    """Raise `IllegalGraph` naming `made_by` unless every law holds. `pools` maps pool to kind.

    What is not `whole` may read and wait for what is not in it.
    """
    problems = [
        f"{primitive.id}: {problem}"
        for primitive in graph
        for problem in _problems(graph, primitive, pools, whole)
    ]
    problems = problems or _shared_heads(graph)
    if not problems and (waiting := circle(graph)):
        problems = [f"{' ← '.join(waiting)} wait for one another in a circle"]
    if problems:
        raise IllegalGraph(made_by, tuple(problems))


def _problems(
    graph: Graph, primitive: Primitive, pools: Mapping[PoolName, str], whole: bool
) -> list[str]:
    op = OPS.get(primitive.op)
    if op is None:
        return [f"unknown op '{primitive.op}'"]
    found = []
    if pools.get(primitive.pool) != op.kind:
        found.append(f"pool '{primitive.pool}' does not run {op.kind} work")
    inputs = op.inputs
    found += [
        f"'{name}' is not an input of {op.name}" for name in primitive.params if name not in inputs
    ]
    found += [
        f"input '{each.id}' is missing"
        for each in inputs.values()
        if each.required and each.id not in primitive.params
    ]
    found += [
        problem
        for name, value in primitive.params.items()
        if name in inputs
        for leaf in leaves(value)
        if (problem := _leaf_problem(graph, leaf, inputs[name].type.word, whole))
    ]
    if whole:
        ordered = primitive.after | primitive.waits
        found += [f"waits for unknown '{id}'" for id in ordered if id not in graph.primitives]
    return found + _call_problems(graph, primitive, op.continues)


def _leaf_problem(graph: Graph, leaf: Leaf, wanted: str, whole: bool) -> str | None:
    if isinstance(leaf, Name):
        return f"nothing says what '{leaf.id}' stands for"
    if not isinstance(leaf, Output):
        return None
    if leaf.primitive not in graph.primitives:
        return f"reads unknown '{leaf.primitive}'" if whole else None
    source = OPS.get(_giver(graph, graph[leaf.primitive]).op)
    if source is None:
        return None
    port = source.signature.outputs.get(leaf.port)
    if port is None:
        return f"reads unknown port '{leaf.port}' of '{leaf.primitive}'"
    if port.word in INNER_WORDS and wanted not in (port.word, PORT.word):
        return f"reads '{leaf.port}' of '{leaf.primitive}', which is no value but a {port.word}"
    return None


def _giver(graph: Graph, primitive: Primitive) -> Primitive:
    """Return what gives what can be read of `primitive`: of an alias, what it stands for."""
    match primitive.params.get("of"):
        case Output(id) if primitive.op == "alias" and id in graph.primitives:
            return graph[id]
    return primitive


def _shared_heads(graph: Graph) -> list[str]:
    calls = Counter(primitive.call for primitive in graph if primitive.call is not None)
    return [f"{head}: is continued {count} times" for head, count in calls.items() if count > 1]


def _call_problems(graph: Graph, primitive: Primitive, continues: str | None) -> list[str]:
    if continues is None:
        return [] if primitive.call is None else [f"{primitive.op} cannot continue a call"]
    head = graph.primitives.get(primitive.call) if primitive.call is not None else None
    if head is None or head.op != continues:
        return [f"{primitive.op} must continue a {continues}"]
    return [] if head.pool == primitive.pool else [f"is not in the pool of its {continues}"]
