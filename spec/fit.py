"""Whether what is written fits what is wanted: type, null, and the place of what does not."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from spec.data import article, mismatches
from spec.expressions import parse_expression
from spec.inference import Wrong, infer, shape_of
from spec.inputs import check_data, check_schema
from spec.model import Input
from spec.parsed import Placed, Reference
from spec.problems import quoted
from spec.report import Report
from spec.scope import Scope, Shape, Unresolved
from spec.source import Pointer
from spec.types import ANY, OPAQUE_WORDS, RECORDS, STRING, Type, fits, lets_null_in
from spec.values import Formatter, ListOf, Literal
from spec.written import Written

_WRITABLE = ("string", "integer", "number", "boolean", "any")


class Fit:
    """Checks values in one scope. With `null_welcome`, null may be anywhere in them.

    In a `guarding` condition each term is known to hold in those to its right.
    """

    def __init__(
        self,
        report: Report,
        scope: Scope,
        *,
        null_welcome: bool = False,
        guarding: bool = False,
    ) -> None:
        self.guarding = guarding
        self.report = report
        self.scope = scope
        self.null_welcome = null_welcome
        self.taker = ""
        self._shapes: dict[int, Shape | None] = {}  # of what is checked, by its identity
        self._sound: set[int] = set()  # that with nothing wrong in it
        self._wrong = 0  # how much was reported

    def check_references(self, written: Written) -> None:
        """Report every path in `written` that leads nowhere, all that cannot be computed, and
        every slot that cannot be text."""
        for string in written.strings():
            if string.placed is not None:
                self._infer(string.pointer, string.placed)
                continue
            for reference in string.references:
                self._check_reference(string.pointer, reference)

    def check_input(self, written: Written, input: Input, callee: str) -> None:
        """Report where `written` is not what the `input` of `callee` takes."""
        before = len(self.report.problems)
        self.taker = f"{callee}.{input.id}"
        self.check_value(written, input.type)
        clear = written.known and len(self.report.problems) == before
        if clear and isinstance(written.value, Literal):
            check_schema(self.report, written.pointer, written.value.value, input.schema)

    def check_value(self, written: Written, wanted: Type) -> None:
        """Report where `written` is not of type `wanted`."""
        if written.children:
            self._check_children(written, wanted)
        elif not written.known:
            return
        elif isinstance(written.value, Literal) and written.placed is None:
            self._check_data(written.pointer, written.value.value, wanted)
        else:
            placed = written.placed or Placed.of(written.value)
            self._check_placed(written.pointer, placed, wanted)

    def _infer(self, pointer: Pointer, placed: Placed) -> None:
        if id(placed) in self._sound:
            return
        before = self._wrong
        report = partial(self._report, pointer)
        self._shapes[id(placed)] = infer(
            self.scope, placed, report, self._shapes, guarding=self.guarding
        )
        if self._wrong == before:
            self._sound.add(id(placed))

    def _check_reference(self, pointer: Pointer, reference: Reference) -> None:
        try:
            shape = self.scope.resolve(reference)
        except Unresolved as error:
            offset = reference.offsets[error.segment]
            self.report.at_offset(error.code, pointer, offset, error.detail, error.hint)
            return
        if shape is not None and reference.formatters is not None:
            self._check_slot(pointer, reference, shape.type)

    def _report(self, pointer: Pointer, wrong: Wrong) -> None:
        self._wrong += 1
        if wrong.offset is None:
            self.report.at_value(wrong.code, pointer, wrong.detail, wrong.hint)
        else:
            self.report.at_offset(wrong.code, pointer, wrong.offset, wrong.detail, wrong.hint)

    def _check_children(self, written: Written, wanted: Type) -> None:
        is_list = isinstance(self.report.tree.at(written.pointer), list)
        if is_list and (wanted.lists or wanted.is_any):
            element = wanted.element() if wanted.lists else ANY
            for child in written.children:
                self.check_value(child, element)
        elif not is_list and not wanted.lists and wanted.word in ("object", "any", *RECORDS):
            self._check_fields(written, wanted)
        else:
            given = "a list" if is_list else "an object"
            detail = f"{given}, where {article(wanted)} is wanted"
            self.report.at_value("wrong-type", written.pointer, detail)

    def _check_fields(self, written: Written, wanted: Type) -> None:
        fields = RECORDS.get(wanted.word)
        names = [str(child.pointer[-1]) for child in written.children]
        for child, name in zip(written.children, names, strict=True):
            if fields is None or name in fields:
                self.check_value(child, fields[name] if fields else ANY)
            else:
                detail = f"a `{wanted.word}` has no field {quoted(name)}"
                self.report.at_key("wrong-type", child.pointer, detail)
        for name, type in (fields or {}).items():
            if name not in names and not type.optional:
                detail = f"a `{wanted.word}` needs the field {quoted(name)}"
                self.report.at_value("wrong-type", written.pointer, detail)

    def _check_data(self, pointer: Pointer, data: object, wanted: Type) -> None:
        if data is None and self.null_welcome:
            return
        wrong = next(mismatches(data, wanted), None) if isinstance(data, str) else None
        if wrong is None:
            check_data(self.report, pointer, data, wanted)
        else:
            self.report.at_value("wrong-type", pointer, wrong.detail, self._meant(str(data)))

    def _meant(self, text: str) -> str | None:
        """Return the expression that `text` is without its `$`, if it is one."""
        written = (f"${text}", f"$inputs.{text}")
        return next((expression for expression in written if self._leads(expression)), None)

    def _leads(self, expression: str) -> bool:
        """Whether `expression` is one that reads something, and all of that is there."""
        paths = parse_expression(expression).references
        try:
            return bool(paths) and all(self.scope.resolve(path) is not None for path in paths)
        except Unresolved:
            return False

    def _check_placed(
        self, pointer: Pointer, placed: Placed, wanted: Type, *, whole: bool = True
    ) -> None:
        """Check what one string gives; where it is a list, each element at its own place."""
        if placed.parts and isinstance(placed.value, Literal | ListOf) and _takes_lists(wanted):
            element = wanted.element() if wanted.lists else ANY
            for part in placed.parts:
                self._check_placed(pointer, part, element, whole=False)
            return
        known = id(placed) in self._shapes
        shape = self._shapes[id(placed)] if known else shape_of(self.scope, placed)
        wrong = self._misfit(placed, shape, wanted) if shape else None
        if wrong is not None:
            unplaced = whole and wrong.code == "wrong-type"
            self._report(pointer, replace(wrong, offset=None) if unplaced else wrong)

    def _misfit(self, placed: Placed, shape: Shape, wanted: Type) -> Wrong | None:
        given = shape.type
        if isinstance(placed.value, Literal):
            data = placed.value.value
            wrong = () if data is None and self.null_welcome else mismatches(data, wanted)
            details = [mismatch.detail for mismatch in wrong]
            return Wrong("wrong-type", placed.offset, details[0]) if details else None
        if given.word in OPAQUE_WORDS and wanted.is_any:
            detail = f"{article(given)} can only be handed to an input of that type"
            return Wrong("wrong-type", placed.offset, detail)
        if not fits(given, wanted):
            if shape.collect and self.taker and fits(given.element(), wanted):
                detail = f"`{self.taker}` wants `{wanted}`, and this is `{given}`"
                return Wrong("wrong-type", placed.offset, detail, f"collect: {shape.collect}")
            detail = f"{article(given)}, where {article(wanted)} is wanted"
            return Wrong("wrong-type", placed.offset, detail)
        if lets_null_in(given, wanted) and not self.null_welcome:
            what = "this" if given.optional else "an element of this"
            wish = "null is not welcome here" if wanted.is_any else f"{article(wanted)} is wanted"
            detail = f"{what} may be null, and {wish}"
            return Wrong("may-be-null", placed.offset, detail)
        return None

    def _check_slot(self, pointer: Pointer, reference: Reference, type: Type) -> None:
        start = reference.offsets[0]
        for formatter in reference.formatters or ():
            wrong = _not_taken(formatter, type)
            if wrong:
                self.report.at_offset("wrong-type", pointer, start, wrong)
                return
            if type.optional and formatter.name != "default":
                self._null(pointer, start, f"`{reference}` may be null; put `default(…)` first")
                return
            type = _given_by(formatter, type)
        if type.lists or type.word not in _WRITABLE:
            detail = f"`{reference}` is {article(type)}: {_cure(type)}"
            self.report.at_offset("wrong-type", pointer, start, detail)
        elif type.optional:
            self._null(pointer, start, f"`{reference}` may be null; add `| default(…)`")

    def _null(self, pointer: Pointer, offset: int, detail: str) -> None:
        self.report.at_offset("may-be-null", pointer, offset, detail)


class Fits:
    """The checks of one map of steps: what stands in the same scope is looked at once.

    Most values stand in the `scope` of the map itself.
    """

    def __init__(self, report: Report, scope: Scope) -> None:
        self.report = report
        self.scope = scope
        self._made: dict[tuple[int, bool], Fit] = {}

    def of(self, scope: Scope, names: Mapping[str, Type], *, null_welcome: bool) -> Fit:
        """Return what checks values in `scope`, with the `names` that a prompt declares."""
        if scope is not self.scope:
            return Fit(self.report, scope.naming(names), null_welcome=null_welcome)
        key = (id(names) if names else 0, null_welcome)  # the names are the vocabulary's
        if key not in self._made:
            self._made[key] = Fit(self.report, scope.naming(names), null_welcome=null_welcome)
        return self._made[key]


def _takes_lists(type: Type) -> bool:
    return type.lists > 0 or type.is_any


def _not_taken(formatter: Formatter, type: Type) -> str | None:
    if type.word in OPAQUE_WORDS:
        return f"{article(type)} is never text"
    if type.is_any or formatter.name in ("json", "default"):
        return None
    if formatter.name == "truncate":
        taken = type.word == "string" and not type.lists
        return None if taken else f"`truncate` takes a string, and this is {article(type)}"
    return None if type.lists else f"`{formatter.name}` takes a list, and this is {article(type)}"


def _given_by(formatter: Formatter, type: Type) -> Type:
    if formatter.name != "default":
        return STRING
    return type.or_null(False)


def _cure(type: Type) -> str:
    if type.lists:
        return "choose a formatter, such as `numbered`, `join` or `json`"
    if type.word in ("object", *RECORDS):
        return "name a field of it, or use `json`"
    return "it is never text"
