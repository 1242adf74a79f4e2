"""What a step gives to those who read it, and what its own parts may read.

Unknown is an answer: None says that something else is wrong already, and that nothing follows.
"""

from collections.abc import Mapping
from dataclasses import replace

from spec.guards import terms_of
from spec.inference import shape_of
from spec.outline import Outline
from spec.scope import Fields, Opened, Scope, Shape, member, nullable
from spec.types import ANY, INTEGER
from spec.values import Literal, Value
from spec.written import Written


def gives(outline: Outline, scope: Scope) -> tuple[Fields | None, Opened | None]:
    """Return what a step gives; and, under a condition, what it gives when that is known to hold.

    `scope` has the fields of every step that this one waits for.
    """
    fields = whole_fields(outline, scope)
    controls = outline.controls
    if fields is None or controls.condition is None or controls.per_element:
        return fields, None
    keys = frozenset(repr(term) for term in _terms(outline, scope))
    return _instead(fields, outline, "else", scope), Opened(keys, fields)


def whole_fields(outline: Outline, scope: Scope) -> Fields | None:
    """Return what a step gives if it is not refused as a whole."""
    fields = element_fields(outline, scope)
    over = outline.controls.over
    if fields is None or over is None:
        return fields
    if over == "for_each":
        return _listed(_with_refusals(fields, outline, scope), outline)
    last = element_shapes(outline, scope).get("acc") if over == "fold" else None
    if over == "reduce":
        last = _instead_of_none(outline, scope)
    return dict.fromkeys(fields, last)


def element_fields(outline: Outline, scope: Scope) -> Fields | None:
    """Return what the body gives each time it is not refused."""
    fields = outline.gives(body_scope(outline, scope))
    return None if fields is None else _instead(fields, outline, "fallback", scope)


def control_scope(outline: Outline, scope: Scope) -> Scope:
    """Return what the list and `start` of a step may read."""
    return scope if outline.controls.per_element else _guarded(outline, scope)


def element_scope(outline: Outline, scope: Scope) -> Scope:
    """Return what is asked about an element may read."""
    own = element_shapes(outline, scope)
    guards = scope.guards.among((), own, known=True)
    return replace(scope, elements={**scope.elements, **own}, guards=guards)


def body_scope(outline: Outline, scope: Scope) -> Scope:
    """Return what the body of a step may read: its condition, if there is one, has held."""
    return _guarded(outline, element_scope(outline, scope))


def fields_scope(outline: Outline, scope: Scope, key: str) -> Scope:
    """Return what `else` or `fallback` may read."""
    controls = outline.controls
    if key == "else":
        return element_scope(outline, scope) if controls.per_element else scope
    inside = control_scope if controls.over == "reduce" else body_scope
    return inside(outline, scope)


def element_shapes(outline: Outline, scope: Scope) -> Fields:
    """Return what the names that a step adds to its body stand for."""
    controls = outline.controls
    if controls.over is None:
        return {}
    given = shape_of(control_scope(outline, scope), controls.values[controls.over].value)
    known = given is not None and controls.values[controls.over].known
    items = given if known else None
    if controls.over == "reduce":
        return {"items": items}
    shapes: dict[str, Shape | None] = {"item": _element(items), "position": Shape(INTEGER)}
    if controls.over == "fold":
        shapes["acc"] = _acc(outline, scope, shapes)
    return shapes


def list_element(outline: Outline, scope: Scope) -> Shape | None:
    """Return what a reduced list holds."""
    return _element(element_shapes(outline, scope)["items"])


def _acc(outline: Outline, scope: Scope, others: Fields) -> Shape | None:
    """Return what `acc` is: of the type of `start`, and null too if the body may give that."""
    start = outline.controls.values.get("start")
    if start is None or not start.known:
        return None
    shape = _state(control_scope(outline, scope), start)
    inner = replace(scope, elements={**scope.elements, **others, "acc": shape})
    body = outline.gives(_guarded(outline, inner))
    if shape is None or not body:
        return shape
    fallback = outline.controls.fields.get("fallback")
    given = [field for field in body.values() if field]
    if fallback is not None:
        given += [
            each
            for each in (_filled(field, fallback, name, inner) for name, field in body.items())
            if each
        ]
    return nullable(shape, any(each.type.optional for each in given))


def _state(scope: Scope, start: Written) -> Shape | None:
    return Shape(ANY) if start.value == Literal(None) else shape_of(scope, start.value)


def _instead_of_none(outline: Outline, scope: Scope) -> Shape | None:
    element = list_element(outline, scope)
    start = outline.controls.values.get("start")
    if element is None or start is None:
        return element
    given = shape_of(control_scope(outline, scope), start.value)
    return nullable(element, given is not None and given.type.optional)


def _guarded(outline: Outline, scope: Scope) -> Scope:
    condition = outline.controls.condition
    if condition is None:
        return scope
    own = outline.controls.own
    guards = scope.guards.among(_terms(outline, scope), own, known=condition.known)
    return replace(scope, guards=guards)


def _terms(outline: Outline, scope: Scope) -> tuple[Value, ...]:
    condition = outline.controls.condition
    if condition is None or condition.placed is None:
        return ()
    own = dict.fromkeys(outline.controls.own)
    inner = replace(scope, elements={**scope.elements, **own})
    return tuple(terms_of(inner.canonical(condition.value)))


def _element(shape: Shape | None) -> Shape | None:
    if shape is None or shape.type.is_any:
        return shape and Shape(ANY)
    return member(shape, 0, 0) if shape.type.lists else None


def _with_refusals(fields: Fields, outline: Outline, scope: Scope) -> Fields:
    controls = outline.controls
    if controls.per_element:
        fields = _instead(fields, outline, "else", scope)
    if controls.settings.get("on_error", "fail") is None and "on_error" not in controls.refused:
        fields = {name: shape and nullable(shape, True) for name, shape in fields.items()}
    return fields


def _listed(fields: Fields, outline: Outline) -> Fields:
    controls = outline.controls
    if "collect" in controls.refused:
        return dict.fromkeys(fields)
    collected = controls.settings.get("collect")
    return {
        name: shape and (_joined(shape) if name == collected else _list_of(shape))
        for name, shape in fields.items()
    }


def _list_of(shape: Shape) -> Shape:
    return Shape(shape.type.listed(), {"items": shape.schema} if shape.schema else None)


def _joined(shape: Shape) -> Shape | None:
    element = _element(shape)
    return element and _list_of(Shape(element.type.or_null(False), element.schema))


def _instead(fields: Fields, outline: Outline, key: str, scope: Scope) -> Fields:
    """Return `fields` as they are when, now and then, those of `key` stand in for them."""
    controls = outline.controls
    absent = key not in controls.fields and key == "fallback"
    if absent or key in controls.refused:
        return fields
    given: Mapping[str, Written] = controls.fields.get(key, {})
    inner = fields_scope(outline, scope, key)
    return {name: shape and _filled(shape, given, name, inner) for name, shape in fields.items()}


def _filled(
    shape: Shape | None, given: Mapping[str, Written], name: str, scope: Scope
) -> Shape | None:
    if shape is None or name not in given:
        return shape and nullable(shape, True)
    other = shape_of(scope, given[name].value) if given[name].known else None
    return nullable(shape, other is not None and other.type.optional)
