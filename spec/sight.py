"""What a step gives to those who read it, and what each of its own parts may read.

Unknown is an answer: None says that something else is wrong already, and that nothing follows.
"""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from spec.guards import Term, terms_of
from spec.inference import shape_of
from spec.outline import LoopOutline, Order, Outline, first_names
from spec.scope import Fields, Opened, Scope, Shape, as_object, list_of, member, nullable
from spec.types import ANY, BOOLEAN, INTEGER
from spec.values import Literal
from spec.written import Written

_Of = TypeVar("_Of")


class Sight:
    """All that follows from what a step says, given the `outer` scope it stands in.

    `control` is what its list and `start` may read, `element` what is asked about an element,
    `body` what its body may. `each` is what the body gives when it is not refused, `whole` what
    the step does then, `fields` what it gives to others, and `opened` under which condition more.
    """

    def __init__(self, outline: Outline, outer: Scope) -> None:
        self.outline = outline
        self.controls = outline.controls
        self.outer = outer
        self._every_round: Inside | None = None
        if self.controls.plain:
            self._see_plain()
        else:
            self._see()

    def _see_plain(self) -> None:
        """See what most steps are: one body, run once, whatever happens."""
        self.terms: tuple[Term, ...] = ()
        self.own: dict[str, Shape | None] = {}
        self.control = self.outer
        self.element = self.body = self._element_scope()
        self.first_round = self._first_round()
        self.each = self.whole = self.fields = self._given()
        self.opened: Opened | None = None

    def _see(self) -> None:
        self.terms = self._terms()
        self.control = self.outer if self.controls.per_element else self._guarded(self.outer, ())
        self.own = self._own()
        self.element = self._element_scope()
        alike = self.element is self.outer and not self.controls.per_element
        self.body = self.control if alike else self._guarded(self.element, self.controls.own)
        self.first_round = self._first_round()
        self.each = self._each()
        self.whole = self._whole()
        self.opened = self._opened()
        self.fields = self._instead(self.whole, "else") if self.opened else self.whole

    def fields_scope(self, key: str) -> Scope:
        """Return what `else` or `fallback` may read."""
        if key == "else":
            return self.element if self.controls.per_element else self.outer
        return self.control if self.controls.over == "reduce" else self.body

    def reduced(self) -> Shape | None:
        """Return what a reduced list holds."""
        return _element(self.own["items"])

    def every_round(self) -> "Inside":
        """Return the steps of a block as they are each time that it runs."""
        if self._every_round is None:
            self._every_round = self._inside_of_every_round()
        return self._every_round

    def state(self) -> Mapping[str, Shape | None]:
        """Return what the state of a loop is."""
        loop, state = self._loop(), self._state() or {}
        inner = self.first_round
        if loop is None or inner is None:
            return state
        return {
            name: _filled(shape, loop.next, name, inner.scope) if name in loop.next else shape
            for name, shape in state.items()
        }

    def _inside_of_every_round(self) -> "Inside":
        first, state = self.first_round, self.state() if self._loop() else None
        same = first is not None and first.around is self.body and state == self._state()
        whole = first is not None and len(first.sights) == len(first.outlines)
        found = first if same and whole else self._inside(state)
        if found is None:
            raise ValueError(f"the step {self.outline.id} is no block")
        return found

    def _first_round(self) -> "Inside | None":
        """Look at the steps of a block, but of a loop at those alone that its state depends on.

        All of them are looked at when the state is known; looking twice at each of eight loops
        inside each other would be nine times the work for the innermost.
        """
        block, loop = self.outline.block, self._loop()
        if block is None or loop is None:
            return self._inside(None)
        return self._inside(self._state(), block.order.behind(first_names(loop.next.values())))

    def _inside(self, loop: Fields | None, order: Order | None = None) -> "Inside | None":
        block = self.outline.block
        if block is None:
            return None
        return look_inside(block.steps, order or block.order, self.body, self.outline.id, loop)

    def _loop(self) -> LoopOutline | None:
        return self.outline.block.loop if self.outline.block else None

    def _state(self) -> dict[str, Shape | None] | None:
        loop = self._loop()
        if loop is None:
            return None
        return {name: state_of(self.body, written) for name, written in loop.start.items()}

    def _terms(self) -> tuple[Term, ...]:
        condition = self.controls.condition
        if condition is None or condition.placed is None:
            return ()
        inner, own = self.outer, dict.fromkeys(self.controls.own)
        if own:
            inner = inner.under(inner.guards, {**inner.elements, **own})
        return terms_of(inner.written_out(condition))

    def _guarded(self, scope: Scope, own: Sequence[str]) -> Scope:
        """Return `scope`, where `own` names are new, under the condition of the step."""
        condition = self.controls.condition
        if condition is None:
            return scope
        return scope.under(scope.guards.among(self.terms, own, known=condition.known))

    def _own(self) -> dict[str, Shape | None]:
        over = self.controls.over
        if over is None:
            return {}
        written = self.controls.values[over]
        items = shape_of(self.control, written.value) if written.known else None
        if over == "reduce":
            return {"items": items if items and (items.type.lists or items.type.is_any) else None}
        shapes = {"item": _element(items), "position": Shape(INTEGER)}
        start = self.controls.values.get("start")
        return {**shapes, "acc": state_of(self.control, start)} if over == "fold" else shapes

    def _element_scope(self) -> Scope:
        guards = self.outer.guards.among((), self.own, known=True)
        if not self.own and guards is self.outer.guards:
            return self.outer
        return self.outer.under(guards, {**self.outer.elements, **self.own})

    def _each(self) -> Fields | None:
        given = self._instead(self._given(), "fallback")
        acc = self.own.get("acc")
        if given and acc and any(shape and shape.type.optional for shape in given.values()):
            self.own["acc"] = nullable(acc, True)
            self.element = self._element_scope()
            self.body = self._guarded(self.element, self.controls.own)
        return given

    def _given(self) -> Fields | None:
        block, inside = self.outline.block, self.first_round
        if block is None or inside is None:
            return self.outline.gives(self.body)
        if block.loop is not None:
            return {**self.state(), "rounds": Shape(INTEGER), "done": Shape(BOOLEAN)}
        return {
            name: shape_of(inside.scope, written.value) if written.known else None
            for name, written in block.outputs.items()
        }

    def _whole(self) -> Fields | None:
        over = self.controls.over
        if self.each is None or over is None:
            return self.each
        if over == "for_each":
            return self._listed(self._with_refusals(self.each))
        return dict.fromkeys(self.each, self.own["acc"] if over == "fold" else self._last())

    def _last(self) -> Shape | None:
        element, start = self.reduced(), self.controls.values.get("start")
        given = shape_of(self.control, start.value) if start else None
        return element and nullable(element, given is not None and given.type.optional)

    def _opened(self) -> Opened | None:
        if self.whole is None or self.controls.condition is None or self.controls.per_element:
            return None
        return Opened(frozenset(term.key for term in self.terms), self.whole)

    def _with_refusals(self, fields: Fields) -> Fields:
        controls = self.controls
        given = self._instead(fields, "else") if controls.per_element else fields
        nulls = controls.settings.get("on_error", "fail") is None
        if given and nulls and "on_error" not in controls.refused:
            return {name: shape and nullable(shape, True) for name, shape in given.items()}
        return given or {}

    def _listed(self, fields: Fields) -> Fields:
        if "collect" in self.controls.refused:
            return dict.fromkeys(fields)
        collected = self.controls.settings.get("collect")
        return {
            name: shape and (_joined(shape) if name == collected else _each(shape, name))
            for name, shape in fields.items()
        }

    def _instead(self, fields: Fields | None, key: str) -> Fields | None:
        """Return `fields` as they are when, now and then, those of `key` stand in for them."""
        absent = key not in self.controls.fields and key == "fallback"
        if fields is None or absent or key in self.controls.refused:
            return fields
        given = self.controls.fields.get(key, {})
        inner = self.fields_scope(key)
        return {
            name: shape and _filled(shape, given, name, inner) for name, shape in fields.items()
        }


@dataclass(frozen=True, slots=True)
class Inside:
    """The steps of one map: what each gives and may read, and what all of them may."""

    around: Scope
    scope: Scope
    outlines: Mapping[str, Outline]
    order: Order
    sights: Mapping[str, Sight]


def look_inside(
    outlines: Mapping[str, Outline],
    order: Order,
    around: Scope,
    block: str | None = None,
    loop: Fields | None = None,
) -> Inside:
    """Look at the steps of one map, in their `order`.

    `block` is the step that they are inside of, `loop` the state of its loop.
    """
    steps: dict[str, Fields | None] = dict.fromkeys(outlines)
    opened: dict[str, Opened] = {}
    scope = replace(
        around,
        steps=steps if block is None else _over(steps, around.steps),
        opened=opened if block is None else _over(opened, around.opened),
        hidden=around.hidden.union({block} if block is not None else ()).difference(steps),
        unread=around.unread if outlines else around.unread | {"steps"},
    )
    if loop is not None:
        objects = {**around.objects, "loop": as_object("loop", loop)}
        scope = replace(scope, loop=loop, objects=objects)
    sights: dict[str, Sight] = {}
    for id in order.ids:
        sights[id] = sight = Sight(outlines[id], scope)
        steps[id] = sight.fields
        if sight.opened:
            opened[id] = sight.opened
    for id in order.cyclic:
        sights[id] = Sight(outlines[id], scope)
    return Inside(around, scope, outlines, order, sights)


def state_of(scope: Scope, start: Written | None) -> Shape | None:
    """Return what a state that starts as `start` is: of its type, or anything where it is null."""
    if start is None or not start.known:
        return None
    if start.value == Literal(None):
        return Shape(ANY)
    shape = shape_of(scope, start.value)
    return shape and Shape(shape.type.or_null(False), shape.schema)  # any other null is refused


def _over(inner: dict[str, _Of], outer: Mapping[str, _Of]) -> Mapping[str, _Of]:
    """Return one map of both, which sees what either will be given yet."""
    return ChainMap(inner, *(outer.maps if isinstance(outer, ChainMap) else (outer,)))


def _element(shape: Shape | None) -> Shape | None:
    if shape is None or shape.type.is_any:
        return shape and Shape(ANY)
    return member(shape, 0, 0) if shape.type.lists and not shape.type.is_opaque else None


def _each(shape: Shape, name: str) -> Shape:
    listed = list_of(shape)
    return replace(listed, collect=name) if shape.type.lists else listed


def _joined(shape: Shape) -> Shape | None:
    element = _element(shape)
    return element and list_of(Shape(element.type.or_null(False), element.schema))


def _filled(
    shape: Shape | None, given: Mapping[str, Written], name: str, scope: Scope
) -> Shape | None:
    if shape is None or name not in given:
        return shape and nullable(shape, True)
    other = shape_of(scope, given[name].value) if given[name].known else None
    return nullable(shape, other is not None and other.type.optional)
