"""Open a checked workflow into a graph of primitives, module by module.

Modules vanish here: their inputs are replaced by what the caller wired to them, their outputs by
the ports that give them. What is left are primitives that read one another.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from planner.errors import PlanTooLarge
from planner.graph import Graph, Output, PoolName, Primitive, PrimitiveId, RunInput
from planner.order import heads, in_order, tails
from planner.plan import Plan
from planner.primitives import OPS
from planner.scope import Scope, fill_names
from planner.verify import verify
from spec.model import Block, Document, Flow, Op, Origin, Step, Use
from spec.values import Literal, Name, Value, leaves, parts

PRIMITIVES_MAX = 2_000
READS_MAX = 20_000
MODULES_DEEP_MAX = 64


@dataclass(frozen=True, slots=True)
class Pools:
    """The pools a plan may name: the kind of each, and the one used where a step names none."""

    kinds: Mapping[PoolName, str]
    default: Mapping[str, PoolName]


def make_plan(document: Document, modules: Mapping[str, Document], pools: Pools) -> Plan:
    """Open `document` over `modules`. Raise `PlanTooLarge` for what passes a limit.

    Raise `IllegalGraph` if what comes out breaks a law.
    """
    opening = _Opening(modules, pools)
    inputs: dict[str, Value] = {each.id: RunInput(each.id) for each in document.inputs}
    fields = opening.document(document, inputs, _Place("", None, None, None, 0, 0))
    outputs = {
        output.id: opening.add(
            Primitive(
                id=PrimitiveId(f"output:{output.id}"),
                op="select",
                pool=pools.default["inline"],
                params={"value": fields[output.id]},
                after=frozenset(),
                call=None,
                priority=0,
                step=None,
                origin=output.origin,
            )
        )
        for output in document.outputs
    }
    graph = Graph.of(opening.primitives)
    verify(graph, "expand", pools.kinds)
    return Plan.of(graph, outputs, _streams(document, graph, outputs), _steps(document, graph))


def _steps(document: Document, graph: Graph) -> dict[str, tuple[PrimitiveId, ...]]:
    inside: dict[str, list[PrimitiveId]] = {step.id: [] for step in document.steps}
    for primitive in graph:
        if primitive.step is not None:
            inside[primitive.step].append(primitive.id)
    return {step: tuple(ids) for step, ids in inside.items()}


def _streams(
    document: Document, graph: Graph, outputs: Mapping[str, PrimitiveId]
) -> dict[PrimitiveId, tuple[str, ...]]:
    """Map each primitive whose text comes token by token to the outputs that show it."""
    streams: dict[PrimitiveId, tuple[str, ...]] = {}
    for id in document.stream:
        value = graph[outputs[id]].params["value"]
        if isinstance(value, Output) and OPS[graph[value.primitive].op].streams == value.port:
            streams[value.primitive] = (*streams.get(value.primitive, ()), id)
    return streams


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the author's document a primitive is being made."""

    prefix: str
    step: str | None
    origin: Origin | None
    engine: str | None
    priority: int
    depth: int

    def inside(self, step: Step) -> "_Place":
        return _Place(
            prefix=f"{self.prefix}{step.id}.",
            step=self.step or step.id,
            origin=self.origin or step.origin,
            engine=step.engine or self.engine,
            priority=step.priority or self.priority,
            depth=self.depth + 1,
        )


@dataclass(slots=True)
class _Opening:
    """Primitives collected while one workflow is opened, frozen into a graph once, at the end."""

    modules: Mapping[str, Document]
    pools: Pools
    primitives: list[Primitive] = field(default_factory=list)
    orders: dict[tuple[str, str], tuple[Step, ...]] = field(default_factory=dict)  #: by kind, name
    reads: int = 0
    weighed: dict[int, tuple[Value, int]] = field(default_factory=dict)

    def add(self, primitive: Primitive) -> PrimitiveId:
        self.reads += self.weigh(primitive.params.values(), primitive.origin)
        if self.reads > READS_MAX:
            raise PlanTooLarge("plan_reads_max", READS_MAX, primitive.origin)
        if len(self.primitives) == PRIMITIVES_MAX:
            raise PlanTooLarge("plan_primitives_max", PRIMITIVES_MAX, primitive.origin)
        self.primitives.append(primitive)
        return primitive.id

    def weigh(self, values: Iterable[Value], origin: Origin) -> int:
        """Return how much `values` read. Raise `PlanTooLarge` for too much."""
        total = sum(map(self.count, values))
        if total > READS_MAX:
            raise PlanTooLarge("plan_reads_max", READS_MAX, origin)
        return total

    def count(self, value: Value) -> int:
        """Count what is read, repeats included; a part met in many places is walked once."""
        known = self.weighed.get(id(value))
        if known is None:
            total = sum(map(self.count, parts(value))) or 1
            known = self.weighed[id(value)] = (value, total)  # kept, so that its id stays its own
        return known[1]

    def document(
        self, document: Document, inputs: Mapping[str, Value], place: _Place
    ) -> dict[str, Value]:
        """Open every step; return what each output of the document stands for."""
        fields: dict[str, Mapping[str, Value]] = {}
        scope = Scope(inputs, fields)
        made: dict[str, slice] = {}
        for step in self._in_order(document):
            first = len(self.primitives)
            fields[step.id] = self._step(step, scope, place.inside(step))
            made[step.id] = slice(first, len(self.primitives))
            if step.after:
                self._put_after(made[step.id], [made[id] for id in step.after])
        return {output.id: scope.resolve(output.value) for output in document.outputs}

    def _step(self, step: Step, scope: Scope, place: _Place) -> Mapping[str, Value]:
        at = place.origin or step.origin
        if place.depth > MODULES_DEEP_MAX:
            raise PlanTooLarge("plan_modules_deep_max", MODULES_DEEP_MAX, at)
        own = self._own_names(step)
        given = {
            each.name: scope.inside(own.get(each.name, ())).resolve(each.value)
            for each in step.parameters
        }
        self.weigh(given.values(), at)
        match step.body:
            case Use(name):
                module = self.modules[name]
                defaults = {each.id: each.otherwise for each in module.inputs}
                return self.document(module, {**defaults, **given}, place)
            case Op(name):
                return self._primitive(name, given, step, place)
            case Flow() | Block():
                raise ValueError(f"the step {step.id} is of a kind that cannot be planned")

    def _in_order(self, document: Document) -> tuple[Step, ...]:
        """Order the steps of `document`; a module used often is ordered once."""
        key = (document.kind, document.name)
        if key not in self.orders:
            steps = {step.id: step for step in document.steps}
            order = in_order({id: self._needs(step) & steps.keys() for id, step in steps.items()})
            self.orders[key] = tuple(steps[id] for id in order)
        return self.orders[key]

    def _needs(self, step: Step) -> set[str]:
        """Return the first name of every path that `step` reads, and what it comes after."""
        own = self._own_names(step)
        read = {
            leaf.id
            for each in step.parameters
            for leaf in leaves(each.value)
            if isinstance(leaf, Name) and leaf.id not in own.get(each.name, ())
        }
        return read.union(step.after)

    def _own_names(self, step: Step) -> Mapping[str, Collection[str]]:
        """Return, for each prompt that `step` hands over, the names it has besides its caller's."""
        if not isinstance(step.body, Use):
            return {}
        return {each.id: each.names for each in self.modules[step.body.module].inputs if each.names}

    def _primitive(
        self, name: str, given: Mapping[str, Value], step: Step, place: _Place
    ) -> Mapping[str, Value]:
        op = OPS[name]
        params: dict[str, Value] = {
            each.id: given.get(each.id, Literal(each.default)) for each in op.served
        }
        if "prompt" in params:
            names = params.pop("names")
            params = {key: fill_names(value, names) for key, value in params.items()}
        head = params.get("call")
        id = self.add(
            Primitive(
                id=PrimitiveId(place.prefix.removesuffix(".")),
                op=name,
                pool=self._pool(op.kind, place.engine),
                params=params,
                after=frozenset(),
                call=head.primitive if isinstance(head, Output) else None,
                priority=place.priority,
                step=place.step,
                origin=place.origin or step.origin,
            )
        )
        return {port: Output(id, port) for port in op.given}

    def _pool(self, kind: str, engine: str | None) -> PoolName:
        """A step's `engine` speaks for the work of its kind; the rest goes where it always goes."""
        if engine is not None and self.pools.kinds.get(PoolName(engine)) == kind:
            return PoolName(engine)
        return self.pools.default[kind]

    def _put_after(self, later: slice, earlier: Iterable[slice]) -> None:
        ends = frozenset(id for span in earlier for id in tails(self.primitives[span]))
        if not ends:
            return
        first = heads(self.primitives[later])
        self.primitives[later] = [
            replace(primitive, after=primitive.after | ends) if primitive.id in first else primitive
            for primitive in self.primitives[later]
        ]
