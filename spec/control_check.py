"""The control keys of one step: their values checked against its fields; made when all is well."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from spec.data import article
from spec.fit import Fit
from spec.inputs import origins_of
from spec.model import Control, Fold, ForEach, OnError, Origin, Reduce
from spec.names import BODY_KEYS, CONTROL_KEYS
from spec.problems import listed, nearest, quoted
from spec.report import Report
from spec.scope import Fields, Scope, Shape, only_field
from spec.sight import Sight
from spec.source import Pointer
from spec.types import ANY, BOOLEAN, INTEGER, Type, fits
from spec.values import Literal, ObjectOf, Value
from spec.written import Written

_FAN_IN = 2
_CONTROLS = frozenset(CONTROL_KEYS)


def check_controls(report: Report, sight: Sight) -> None:
    """Report what is wrong with the control keys of a step, given all that is in scope."""
    if not sight.controls.plain:
        _Checking(report, sight).controls()


class _Checking:
    def __init__(self, report: Report, sight: Sight) -> None:
        self.report = report
        self.sight = sight
        self.outline = sight.outline
        self.given = sight.controls

    def controls(self) -> None:
        self._condition()
        if self.given.over is not None:
            self._value(self.given.over, self.sight.control, ANY.or_null().listed())
            _OVER[self.given.over](self)
        for key in self.given.fields:
            self._fields(key)

    def _condition(self) -> None:
        scope = self.sight.element if self.given.per_element else self.sight.outer
        if self.given.condition is not None:
            self._fit(self.given.condition, scope, BOOLEAN.or_null(), guarding=True)

    def _value(self, key: str, scope: Scope, wanted: Type) -> None:
        written = self.given.values.get(key)
        if written is not None:
            self._fit(written, scope, wanted)

    def _fit(self, written: Written, scope: Scope, wanted: Type, *, guarding: bool = False) -> None:
        fit = Fit(self.report, scope, guarding=guarding)
        fit.check_references(written)
        fit.check_value(written, wanted)

    def _fields(self, key: str) -> None:
        fields = self._stood_in_for(key)
        scope = self.sight.fields_scope(key)
        for name, written in self.given.fields[key].items():
            if fields is not None and name not in fields:
                detail = f"the step gives no {quoted(name)}; its fields: {listed(fields)}"
                hint = nearest(name, fields)
                self.report.at_key("unknown-key", written.pointer, detail, hint)
            shape = fields.get(name) if fields else None
            self._fit(written, scope, _wanted(shape))

    def _stood_in_for(self, key: str) -> Fields | None:
        """Return the fields that those of `key` take the place of."""
        per_element = self.given.per_element if key == "else" else True
        if self.given.over == "for_each" and per_element:
            return self.sight.each
        return self.sight.whole

    def for_each(self) -> None:
        collected = self.given.settings.get("collect")
        fields = self.sight.each
        if fields is None or collected is None or "collect" in self.given.refused:
            return
        where = (*self.outline.pointer, "collect")
        if collected not in fields:
            detail = f"the step gives no {quoted(collected)}; its fields: {listed(fields)}"
            self.report.at_value("unknown-reference", where, detail, nearest(collected, fields))
            return
        shape = fields[collected]
        if shape and (shape.type.is_opaque or not (shape.type.lists or shape.type.is_any)):
            detail = f"`collect` joins lists, and {quoted(collected)} is {article(shape.type)}"
            cure = ", which can only be handed on" if shape.type.is_opaque else ""
            self.report.at_value("wrong-type", where, detail + cure)

    def fold(self) -> None:
        self._value("start", self.sight.control, ANY)
        self._body_gives("`acc` starts as", self.sight.own.get("acc"))

    def reduce(self) -> None:
        element = self.sight.reduced()
        self._value("start", self.sight.control, _wanted(element))
        self._value("fan_in", self.sight.control, INTEGER)
        self._body_gives("an element is", element)

    def _body_gives(self, what: str, wanted: Shape | None) -> None:
        """Report a body that does not give exactly one field of the type that is to go on."""
        fields = self.sight.each
        if fields is None:
            return
        only = only_field(fields)
        if only is None:
            wants = f"{quoted(str(self.given.over))} wants a body with one field"
            detail = f"{wants}; this has {listed(fields)}"
            self.report.at_value("wrong-type", self._body(), detail)
            return
        shape = fields[only]
        if shape and wanted and not fits(shape.type, wanted.type):
            detail = f"the body gives {article(shape.type)}, and {what} {article(wanted.type)}"
            self.report.at_value("wrong-type", self._body(), detail)

    def _body(self) -> Pointer:
        written = self.report.tree.at(self.outline.pointer)
        key = next(key for key in written if key in BODY_KEYS)
        return (*self.outline.pointer, key)


_OVER: Mapping[str, Callable[[_Checking], None]] = MappingProxyType(
    {"for_each": _Checking.for_each, "fold": _Checking.fold, "reduce": _Checking.reduce}
)


def make_control(report: Report, sight: Sight) -> Control:
    """Return the checked control keys. Only for an outline without problems."""
    given = sight.controls
    places = _places(report, sight.outline.pointer)
    if given.plain and not given.settings:
        return Control(places=places)
    asked = sight.element if given.per_element else sight.outer
    return Control(
        condition=_canonical(given.condition, asked),
        otherwise=_object(sight, "else"),
        over=_over(sight),
        retry=given.settings.get("retry", 0),
        timeout_ms=given.settings.get("timeout"),
        fallback=_object(sight, "fallback"),
        cache_ms=given.settings.get("cache"),
        places=places,
    )


def _over(sight: Sight) -> ForEach | Fold | Reduce | None:
    given, inner = sight.controls, sight.control
    start = _canonical(given.values.get("start"), inner)
    items = _canonical(given.values.get(given.over or ""), inner)
    settings = given.settings
    if items is None:
        return None
    if given.over == "reduce":
        fan_in = _canonical(given.values.get("fan_in"), inner)
        return Reduce(items, fan_in or Literal(settings.get("fan_in", _FAN_IN)), start)
    if start is not None:
        return Fold(items, start)
    on_error: OnError = settings.get("on_error", "fail") or "null"
    return ForEach(items, settings.get("max_parallel"), on_error, settings.get("collect"))


def _canonical(written: Written | None, scope: Scope) -> Value | None:
    return None if written is None else scope.written_out(written)


def _object(sight: Sight, key: str) -> Value | None:
    fields = sight.controls.fields.get(key)
    if fields is None:
        return None
    inner = sight.fields_scope(key)
    return ObjectOf(tuple((name, inner.written_out(each)) for name, each in fields.items()))


def _places(report: Report, pointer: Pointer) -> dict[str, Origin]:
    written = report.tree.at(pointer)
    keys = [key for key in written if key in _CONTROLS]
    return dict(zip(keys, origins_of(report.tree, pointer, keys), strict=True))


def _wanted(shape: Shape | None) -> Type:
    return (shape.type if shape else ANY).or_null()
