"""What makes a graph legal. Checked after expansion and after every rewrite."""

from collections import Counter
from collections.abc import Iterable, Mapping

from planner.errors import IllegalGraph
from planner.graph import Graph, Output, PoolName, Primitive, PrimitiveId
from planner.order import circle
from planner.primitives import INNER_WORDS, OPS, PORT
from spec.values import Leaf, Literal, Name, leaves


def verify(
    graph: Graph, made_by: str, pools: Mapping[PoolName, str], *, whole: bool = True
) -> None:
    """Raise `IllegalGraph` naming `made_by` unless every law holds. `pools` maps pool to kind.

    What is not `whole` may read and wait for what is not in it.
    """
    _refuse(graph, graph, made_by, pools, whole)


def _refuse(
    graph: Graph,
    suspects: Iterable[Primitive],
    made_by: str,
    pools: Mapping[PoolName, str],
    whole: bool,
) -> None:
    """Raise for what is wrong with the `suspects`, or with the graph as one."""
    problems = [
        (primitive.id, f"{primitive.id}: {problem}")
        for primitive in suspects
        for problem in _problems(graph, primitive, pools, whole)
    ]
    problems = problems or _shared_heads(graph)
    if not problems and (waiting := circle(graph)):
        problems = [(waiting[0], f"{' ← '.join(waiting)} wait for one another in a circle")]
    if problems:
        origin = graph[problems[0][0]].origin
        raise IllegalGraph(made_by, tuple(problem for _, problem in problems), origin)


def verify_change(
    graph: Graph,
    before: Mapping[PrimitiveId, Primitive],
    made_by: str,
    pools: Mapping[PoolName, str],
    *,
    whole: bool = True,
) -> None:
    """Raise as `verify`, for a graph made of the primitives `before`, which were legal.

    Where all of it does what it did, only what is read and waited for can be wrong: it may be gone,
    or wait for one another, if anything waits for more than it did. Else what was changed can be
    wrong, and what waits for that or for what is gone.
    """
    if _is_only_freed(graph, before, whole=whole):
        return
    touched = {each.id for each in graph if before.get(each.id) is not each}
    touched |= before.keys() - graph.primitives.keys()
    suspects = [
        each
        for each in graph
        if each.id in touched or not touched.isdisjoint(each.waits_for()) or each.call in touched
    ]
    _refuse(graph, suspects, made_by, pools, whole)


def _is_only_freed(graph: Graph, before: Mapping[PrimitiveId, Primitive], *, whole: bool) -> bool:
    """Whether all of `graph` does what it did, waits for no more, and for nothing that is gone."""
    gone = before.keys() - graph.primitives.keys() if whole else frozenset()
    for each in graph:
        old = before.get(each.id)
        if old is None or not (_does_the_same(each, old) and _waits_for_no_more(each, old)):
            return False
        if gone and not gone.isdisjoint(each.waits_for()):
            return False
    return True


def _does_the_same(each: Primitive, old: Primitive) -> bool:
    return each is old or (
        each.params is old.params
        and (each.op, each.pool, each.call) == (old.op, old.pool, old.call)
    )


def _waits_for_no_more(each: Primitive, old: Primitive) -> bool:
    return each is old or (each.after <= old.after and each.waits <= old.waits)


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
    if not primitive.params.keys() <= inputs.keys():
        unknown = (name for name in primitive.params if name not in inputs)
        found += [f"'{name}' is not an input of {op.name}" for name in unknown]
    if not op.required <= primitive.params.keys():
        missing = (id for id in inputs if id in op.required - primitive.params.keys())
        found += [f"input '{id}' is missing" for id in missing]
    found += [
        problem
        for name, value in primitive.params.items()
        if type(value) is not Literal and name in inputs
        for leaf in leaves(value)
        if (problem := _leaf_problem(graph, leaf, inputs[name].type.word, whole))
    ]
    if op.hint != (primitive.warms is not None):
        found.append(f"{op.name} must be for something" if op.hint else "is for something else")
    if whole and primitive.warms is not None and primitive.warms not in graph.primitives:
        found.append(f"is for unknown '{primitive.warms}'")
    if whole and not graph.primitives.keys() >= primitive.waits_for():
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


def _shared_heads(graph: Graph) -> list[tuple[PrimitiveId, str]]:
    calls = Counter(primitive.call for primitive in graph if primitive.call is not None)
    return [
        (head, f"{head}: is continued {count} times") for head, count in calls.items() if count > 1
    ]


def _call_problems(graph: Graph, primitive: Primitive, continues: str | None) -> list[str]:
    if continues is None:
        return [] if primitive.call is None else [f"{primitive.op} cannot continue a call"]
    head = graph.primitives.get(primitive.call) if primitive.call is not None else None
    if head is None or head.op != continues:
        return [f"{primitive.op} must continue a {continues}"]
    return [] if head.pool == primitive.pool else [f"is not in the pool of its {continues}"]
