"""Opens steps into primitives: modules vanish, control keys become regions and structures.

What the caller wired is substituted for a module's inputs, so what is left are primitives that read
one another. What only a run can tell is left as a structure, for `planner.unfold`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from planner.computed import Fields, as_object, barrier_of, computed
from planner.elements import asked_each
from planner.errors import PlanTooLarge
from planner.graph import Output, Primitive, PrimitiveId, RegionId
from planner.library import Library
from planner.memory import has_effects, identity, paths_read
from planner.order import heads
from planner.place import Place
from planner.primitives import BEGINNINGS, OPS
from planner.scope import Scope, fill_names, member
from planner.structure import FOLD_WINDOW, WINDOW, Body, Kind, Region, Structure
from planner.waits import own_names
from spec.model import (
    Block,
    Document,
    Flow,
    Fold,
    ForEach,
    Loop,
    Op,
    Origin,
    Reduce,
    Step,
    Use,
)
from spec.values import COMPOUND, ListOf, Literal, Member, ObjectOf, Value, leaves, parts

DEPTH_MAX = 64


@dataclass(slots=True)
class Opener:
    """What is made while some steps are opened; frozen by whoever asked, at the end.

    In `authored` order each step also waits for the one before it, as modules that are run one
    after another do; otherwise only for what it reads and for what the author says. Inside a module
    operations are wired by what they read: a call is one request, whatever stands between.
    """

    library: Library
    authored: bool = True
    primitives: list[Primitive] = field(default_factory=list)
    structures: list[Structure] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    exits: dict[PrimitiveId, RegionId | None] = field(default_factory=dict)  #: of those looked at
    reads: int = 0
    barriers: int = 0  #: among the primitives; they are no work, and count for no limit
    weighed: dict[int, tuple[Value, int]] = field(default_factory=dict)

    def document(self, document: Document, inputs: Fields, place: Place) -> dict[str, Value]:
        """Open every step of a document; return what each of its outputs stands for."""
        scope = self.steps(document.steps, Scope(inputs, {}), place)
        return {output.id: scope.resolve(output.value) for output in document.outputs}

    def steps(self, steps: tuple[Step, ...], scope: Scope, place: Place) -> Scope:
        """Open the steps of one map; return the scope in which all of them can be read."""
        fields = dict(scope.steps)
        scope = Scope(scope.inputs, fields, scope.own, scope.elements)
        made: dict[str, slice] = {}
        barrier: frozenset[PrimitiveId] = frozenset()
        for step in self.library.in_order(steps):
            first, inside = len(self.primitives), place.inside(step)
            fields[step.id] = self.step(step, scope, inside)
            made[step.id] = slice(first, len(self.primitives))
            if step.after:
                ends = [self.ends(made[id], place.region) for id in step.after]
                self._put_after(made[step.id], frozenset().union(*ends))
            if self.authored and not isinstance(step.body, Op):
                barrier = self._in_turn(made[step.id], barrier, inside)
        return scope

    def _in_turn(
        self, made: slice, barrier: frozenset[PrimitiveId], place: Place
    ) -> frozenset[PrimitiveId]:
        """Put what was made for the step at `place` behind the `barrier` before it; return that
        behind it.

        One barrier a step, not an edge between every two: there would be the square of them.
        """
        begun = {each.id for each in self.primitives[made] if each.op in BEGINNINGS}
        ends = self.ends(made, place.region) - begun  # a call that a later step ends leaves then
        if not ends:
            return barrier
        self._put_after(made, barrier, prunable=True)
        self.primitives.append(barrier_of(place, ends, self.library))
        self.barriers += 1
        return frozenset({self.primitives[-1].id})

    def step(self, step: Step, scope: Scope, place: Place) -> Fields:
        """Open one step, control keys and all; return its fields."""
        if step.control.is_bare:
            return self.body(step, scope, place)
        condition = step.control.condition
        if condition is None or asked_each(step):
            return self.over(step, scope, place)
        return self.branch(step, scope, place, "over", self.otherwise(step, scope))

    def branch(self, step: Step, scope: Scope, place: Place, inner: str, refused: Value) -> Fields:
        """Leave to the run whether `step` is opened at all."""
        condition = scope.resolve(step.control.condition or Literal(True))
        body = Body(step, scope, place, "over" if inner == "over" else "attempts", refused)
        return self._structure("branch", {"condition": condition}, body, place.region)

    def over(self, step: Step, scope: Scope, place: Place) -> Fields:
        """Open a step whose own condition, if it had one, was met."""
        if step.control.over is None:
            return self.attempts(step, scope, place)
        body = Body(step, scope, place)
        match step.control.over:
            case ForEach(items, width):
                params = {"items": scope.resolve(items)}
                return self._structure("for_each", params, body, place.region, width or WINDOW)
            case Fold(items, start):
                params = {"items": scope.resolve(items), "start": scope.resolve(start)}
                # What changes something outside happens in the order that is written.
                ahead = 1 if has_effects(step, self.library) else FOLD_WINDOW
                return self._structure("fold", params, body, place.region, ahead)
            case Reduce(items, fan_in, first):
                params = {"items": scope.resolve(items), "fan_in": scope.resolve(fan_in)}
                params |= {} if first is None else {"start": scope.resolve(first)}
                return self._tree(params, body, scope)

    def attempts(self, step: Step, scope: Scope, place: Place) -> Fields:
        """Open the body of `step`, in a region of its own if it may be tried again or replaced."""
        if not _may_fail_alone(step):
            return self.remembered(step, scope, place)
        exit = PrimitiveId(f"{place.path}:exit")
        id = RegionId(f"{place.path}:attempts")
        first = len(self.primitives)
        fields = self.remembered(step, scope, replace(place, region=id))
        inside = replace(place, region=id)
        end = computed("close", exit, {"value": as_object(fields)}, inside, self.library)
        self.add(replace(end, after=self.ends(slice(first, len(self.primitives)), id)))
        start = self._gate(step, scope, place, slice(first, len(self.primitives)))
        self.regions.append(self._region(id, exit, step, scope, place, start))
        return {name: Member(Output(exit, "value"), name) for name in fields}

    def remembered(self, step: Step, scope: Scope, place: Place) -> Fields:
        """Open the body of `step`; leave to the run whether an equal result is still known."""
        if step.control.cache_ms is None or has_effects(step, self.library):
            return self.body(step, scope, place)
        key = [scope.resolve(path) for path in paths_read(step, self.library.modules, scope)]
        about = identity(step, place.engine, self.library)
        params = {"key": ListOf((Literal(about), *key))}
        return self._structure("memo", params, Body(step, scope, place), place.region)

    def body(self, step: Step, scope: Scope, place: Place) -> Fields:
        """Open the body of `step` once."""
        at = place.origin or step.origin
        if place.depth > DEPTH_MAX:
            raise PlanTooLarge("plan_modules_deep_max", DEPTH_MAX, at)
        match step.body:
            case Op(name):
                return self._primitive(name, self._given(step, scope, at), step, place)
            case Use(name):
                return self._call(self.library.modules[name], step, scope, place)
            case Block(steps, outputs, None):
                inner = self.steps(steps, scope, place)
                return {output.id: inner.resolve(output.value) for output in outputs}
            case Block(_, _, Loop(most, start)):
                first = tuple((name, scope.resolve(value)) for name, value in start)
                params = {"max": scope.resolve(most), "start": ObjectOf(first)}
                return self._structure("loop", params, Body(step, scope, place), place.region)
            case Flow(name, version):
                return self._call(self.library.flows[name, version], step, scope, place)
        raise ValueError(f"the step {step.id} has no body")

    def otherwise(self, step: Step, scope: Scope) -> Value:
        """Return the fields of `step` where its condition is not met."""
        return self._instead(step, step.control.otherwise, scope)

    def fields(self, step: Step) -> tuple[str, ...]:
        """Return the names of what the body of `step` gives."""
        match step.body:
            case Use(name):
                return tuple(each.id for each in self.library.modules[name].outputs)
            case Flow(name, version):
                return tuple(each.id for each in self.library.flows[name, version].outputs)
            case Op(name):
                return OPS[name].given
            case Block(_, outputs, None):
                return tuple(each.id for each in outputs)
            case Block(_, _, Loop(_, start)):
                return (*(name for name, _ in start), "rounds", "done")
        raise ValueError(f"the step {step.id} has no body")

    def add(self, primitive: Primitive) -> PrimitiveId:
        """Take in one primitive. Raise `PlanTooLarge` for one too many, or one that reads more."""
        self.reads += self.weigh(primitive.params.values(), primitive.origin)
        limits = self.library.limits
        if self.reads > limits.reads_max:
            raise PlanTooLarge("plan_reads_max", limits.reads_max, primitive.origin)
        if len(self.primitives) - self.barriers >= limits.primitives_max:
            raise PlanTooLarge("plan_primitives_max", limits.primitives_max, primitive.origin)
        self.primitives.append(primitive)
        return primitive.id

    def weigh(self, values: Iterable[Value], origin: Origin) -> int:
        """Return how much `values` read. Raise `PlanTooLarge` for too much."""
        total = sum(map(self._count, values))
        most = self.library.limits.reads_max
        if total > most:
            raise PlanTooLarge("plan_reads_max", most, origin)
        return total

    def _count(self, value: Value) -> int:
        """Count what is read, repeats included; a part met in many places is walked once."""
        if type(value) not in COMPOUND:
            return 1
        known = self.weighed.get(id(value))
        if known is None:
            total = sum(map(self._count, parts(value))) or 1
            known = self.weighed[id(value)] = (value, total)  # kept, so that its id stays its own
        return known[1]

    def _structure(
        self, kind: Kind, params: Fields, body: Body, region: RegionId | None, width: int = 1
    ) -> Fields:
        place, fields = body.place, self.fields(body.step)
        opening = PrimitiveId(f"{place.path}:{kind}")
        end = PrimitiveId(f"{opening}:end")
        self.add(computed("open", opening, params, place, self.library))
        empty = computed("close", end, {}, replace(place, region=region), self.library)
        self.add(replace(empty, pending=True, after=frozenset({opening})))
        self.structures.append(Structure(opening, end, kind, region, width, fields, body))
        return {name: Member(Output(end, "value"), name) for name in fields}

    def _tree(self, params: Mapping[str, Value], body: Body, scope: Scope) -> Fields:
        """Leave a `reduce` to the run, in a region of its own where it may fail alone."""
        step, place, first = body.step, body.place, len(self.primitives)
        if not _may_fail_alone(step):
            return self._structure("reduce", params, body, place.region, WINDOW)
        id = RegionId(f"{place.path}:attempts")
        exit = PrimitiveId(f"{place.path}:reduce:end")
        fields = self._structure("reduce", params, body, id, WINDOW)
        start = self._gate(step, scope, place, slice(first, len(self.primitives)))
        self.regions.append(self._region(id, exit, step, scope, place, start))
        return fields

    def _region(
        self,
        id: RegionId,
        exit: PrimitiveId,
        step: Step,
        scope: Scope,
        place: Place,
        start: PrimitiveId | None,
    ) -> Region:
        control = step.control
        instead = None
        if control.fallback is not None:
            value = self._instead(step, control.fallback, scope)
            instead = computed("close", exit, {"value": value}, place, self.library)
        return Region(
            id=id,
            within=place.region,
            exit=exit,
            retry=control.retry,
            timeout_ms=control.timeout_ms,
            start=start,
            instead=instead,
        )

    def _gate(self, step: Step, scope: Scope, place: Place, made: slice) -> PrimitiveId | None:
        """Put what was made for a step behind one primitive that waits for all it reads from
        outside, also in what is opened later.

        The time that a body may take counts from there; there is none where it may take any.
        """
        if step.control.timeout_ms is None:
            return None
        inside = {primitive.id for primitive in self.primitives[made]}
        outside = {id for each in self.primitives[made] for id in each.waits_for()} - inside
        for path in paths_read(step, self.library.modules, scope):
            found = leaves(scope.resolve(path))
            outside |= {leaf.primitive for leaf in found if isinstance(leaf, Output)} - inside
        gate = computed("close", PrimitiveId(f"{place.path}:start"), {}, place, self.library)
        self._put_after(made, frozenset({gate.id}))
        self.add(replace(gate, after=frozenset(outside)))
        return gate.id

    def _instead(self, step: Step, given: Value | None, scope: Scope) -> Value:
        known = scope.resolve(given) if given is not None else Literal({})
        return as_object({name: member(known, name) for name in self.fields(step)})

    def _call(self, callee: Document, step: Step, scope: Scope, place: Place) -> Fields:
        given = self._given(step, scope, place.origin or step.origin)
        missing = {each.id: each.otherwise for each in callee.inputs if each.id not in given}
        return self.document(callee, {**missing, **given}, place)

    def _given(self, step: Step, scope: Scope, at: Origin) -> Fields:
        own = own_names(step, self.library.modules)
        given = {
            each.name: (
                scope.inside(own[each.name]) if own and each.name in own else scope
            ).resolve(each.value)
            for each in step.parameters
        }
        self.weigh(given.values(), at)
        return given

    def _primitive(self, name: str, given: Fields, step: Step, place: Place) -> Fields:
        op = OPS[name]
        params: dict[str, Value] = {id: given.get(id, blank) for id, blank in op.blanks}
        if "prompt" in params:
            names = params.pop("names")
            params = {key: fill_names(value, names) for key, value in params.items()}
        head = params.get("call")
        # An element ends under the name of its place, so what is done for it has one of its own.
        path = place.path if step.control.over is None else f"{place.path}.{name}"
        id = self.add(
            Primitive(
                id=PrimitiveId(path),
                op=name,
                pool=self.library.pools.of(op.kind, place.engine),
                params=params,
                after=frozenset(),
                call=head.primitive if isinstance(head, Output) else None,
                priority=place.priority,
                step=place.step,
                origin=place.origin or step.origin,
                region=place.region,
            )
        )
        return {port: Output(id, port) for port in op.given}

    def _put_after(
        self, later: slice, ends: frozenset[PrimitiveId], *, prunable: bool = False
    ) -> None:
        """Let what was made `later` begin when `ends` are done; by the author's word or not."""
        if not ends:
            return
        first = heads(self.primitives[later])
        for index in range(later.start, later.stop):
            each = self.primitives[index]
            if each.id in first:
                after, waits = each.after, each.waits
                self.primitives[index] = (
                    each.ordered(after, waits | ends)
                    if prunable
                    else each.ordered(after | ends, waits)
                )

    def ends(self, made: slice, region: RegionId | None) -> frozenset[PrimitiveId]:
        """Return what has to be done for all that was `made` in `region` to be over.

        What only a region inside waits for is among it: that region may be given up.
        """
        for ended in self.regions[len(self.exits) :]:
            self.exits[ended.exit] = ended.within
        last: list[PrimitiveId] = []
        waited_for: set[PrimitiveId] = set()
        for each in self.primitives[made]:
            if each.op == "barrier":
                continue
            if each.region == region:
                last.append(each.id)
                waited_for |= each.waits_for()
            elif each.id in self.exits and self.exits[each.id] == region:
                last.append(each.id)
        return frozenset(last) - waited_for


def _may_fail_alone(step: Step) -> bool:
    control = step.control
    return bool(control.retry or control.timeout_ms is not None or control.fallback is not None)
