"""The control keys of one step: their values checked against its fields; made when all is well."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from spec.data import article
from spec.fit import Fit
from spec.gives import (
    control_scope,
    element_fields,
    element_scope,
    element_shapes,
    fields_scope,
    list_element,
    whole_fields,
)
from spec.inputs import origin_of
from spec.model import Control, Fold, ForEach, OnError, Origin, Reduce
from spec.names import BODY_KEYS, CONTROL_KEYS
from spec.outline import Outline
from spec.problems import nearest, quoted
from spec.report import Report
from spec.scope import Fields, Scope, Shape, only_field
from spec.source import Pointer
from spec.types import ANY, BOOLEAN, Type, fits
from spec.values import ObjectOf, Value
from spec.written import Written

_FAN_IN = 2


def check_controls(report: Report, outline: Outline, scope: Scope) -> None:
    """Report what is wrong with the control keys of a step, given all that is in scope."""
    _Checking(report, outline, scope).controls()


class _Checking:
    def __init__(self, report: Report, outline: Outline, scope: Scope) -> None:
        self.report = report
        self.outline = outline
        self.scope = scope
        self.given = outline.controls

    def controls(self) -> None:
        self._condition()
        if self.given.over is not None:
            self._value(self.given.over, control_scope(self.outline, self.scope), ANY.listed())
            _OVER[self.given.over](self)
        for key in self.given.fields:
            self._fields(key)

    def _condition(self) -> None:
        asked = element_scope if self.given.per_element else _unchanged
        self._value("if", asked(self.outline, self.scope), BOOLEAN.or_null())

    def _value(self, key: str, scope: Scope, wanted: Type) -> None:
        written = self.given.values.get(key)
        if written is not None:
            self._fit(written, scope, wanted)

    def _fit(self, written: Written, scope: Scope, wanted: Type) -> None:
        fit = Fit(self.report, scope)
        fit.check_references(written)
        fit.check_value(written, wanted)

    def _fields(self, key: str) -> None:
        fields = self._stood_in_for(key)
        scope = fields_scope(self.outline, self.scope, key)
        for name, written in self.given.fields[key].items():
            if fields is not None and name not in fields:
                detail = f"the step gives no {quoted(name)}; its fields: {', '.join(fields)}"
                hint = nearest(name, fields)
                self.report.at_key("unknown-key", written.pointer, detail, hint)
            shape = fields.get(name) if fields else None
            self._fit(written, scope, _wanted(shape))

    def _stood_in_for(self, key: str) -> Fields | None:
        """Return the fields that those of `key` take the place of."""
        per_element = self.given.per_element if key == "else" else True
        if self.given.over == "for_each" and per_element:
            return element_fields(self.outline, self.scope)
        return whole_fields(self.outline, self.scope)

    def for_each(self) -> None:
        collected = self.given.settings.get("collect")
        fields = element_fields(self.outline, self.scope)
        if fields is None or collected is None or "collect" in self.given.refused:
            return
        where = (*self.outline.pointer, "collect")
        if collected not in fields:
            detail = f"the step gives no {quoted(collected)}; its fields: {', '.join(fields)}"
            self.report.at_value("unknown-reference", where, detail, nearest(collected, fields))
            return
        shape = fields[collected]
        if shape and not (shape.type.lists or shape.type.is_any):
            detail = f"`collect` joins lists, and {quoted(collected)} is {article(shape.type)}"
            self.report.at_value("wrong-type", where, detail)

    def fold(self) -> None:
        self._value("start", control_scope(self.outline, self.scope), ANY)
        self._body_gives("acc", element_shapes(self.outline, self.scope).get("acc"))

    def reduce(self) -> None:
        element = list_element(self.outline, self.scope)
        self._value("start", control_scope(self.outline, self.scope), _wanted(element))
        self._body_gives("element", element)

    def _body_gives(self, what: str, wanted: Shape | None) -> None:
        """Report a body that does not give exactly one field of the type that is to go on."""
        fields = element_fields(self.outline, self.scope)
        if fields is None:
            return
        only = only_field(fields)
        if only is None:
            named = ", ".join(fields)
            detail = f"{quoted(str(self.given.over))} wants a body with one field; this has {named}"
            self.report.at_value("wrong-type", self._body(), detail)
            return
        shape = fields[only]
        if shape and wanted and not fits(shape.type, wanted.type):
            detail = f"the next {what} is {article(shape.type)}, where {article(wanted.type)}"
            self.report.at_value("wrong-type", self._body(), f"{detail} is wanted")

    def _body(self) -> Pointer:
        written = self.report.tree.at(self.outline.pointer)
        key = next(key for key in written if key in BODY_KEYS)
        return (*self.outline.pointer, key)


_OVER: Mapping[str, Callable[[_Checking], None]] = MappingProxyType(
    {"for_each": _Checking.for_each, "fold": _Checking.fold, "reduce": _Checking.reduce}
)


def make_control(report: Report, outline: Outline, scope: Scope) -> Control:
    """Return the checked control keys. Only for an outline without problems."""
    given = outline.controls
    asked = element_scope if given.per_element else _unchanged
    return Control(
        condition=_canonical(given.condition, asked(outline, scope)),
        otherwise=_object(outline, scope, "else"),
        over=_over(outline, scope),
        retry=given.settings.get("retry", 0),
        timeout_ms=given.settings.get("timeout"),
        fallback=_object(outline, scope, "fallback"),
        cache_ms=given.settings.get("cache"),
        places=_places(report, outline),
    )


def _over(outline: Outline, scope: Scope) -> ForEach | Fold | Reduce | None:
    given, inner = outline.controls, control_scope(outline, scope)
    start = _canonical(given.values.get("start"), inner)
    items = _canonical(given.values.get(given.over or ""), inner)
    settings = given.settings
    if items is None:
        return None
    if given.over == "reduce":
        return Reduce(items, settings.get("fan_in", _FAN_IN), start)
    if start is not None:
        return Fold(items, start)
    on_error: OnError = settings.get("on_error", "fail") or "null"
    return ForEach(items, settings.get("max_parallel"), on_error, settings.get("collect"))


def _canonical(written: Written | None, scope: Scope) -> Value | None:
    return None if written is None else scope.canonical(written.value)


def _object(outline: Outline, scope: Scope, key: str) -> Value | None:
    fields = outline.controls.fields.get(key)
    if fields is None:
        return None
    inner = fields_scope(outline, scope, key)
    return ObjectOf(tuple((name, inner.canonical(each.value)) for name, each in fields.items()))


def _places(report: Report, outline: Outline) -> dict[str, Origin]:
    written = report.tree.at(outline.pointer)
    keys = (key for key in written if key in CONTROL_KEYS)
    return {key: origin_of(report.tree, (*outline.pointer, key)) for key in keys}


def _wanted(shape: Shape | None) -> Type:
    return (shape.type if shape else ANY).or_null()


def _unchanged(_: Outline, scope: Scope) -> Scope:
    return scope
