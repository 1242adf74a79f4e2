"""Whether what is written fits what is wanted: type, null, and the place of what does not."""

from collections.abc import Iterator

from spec.data import article
from spec.inputs import check_data, check_schema
from spec.model import Input
from spec.parsed import Reference
from spec.problems import quoted
from spec.report import Report
from spec.scope import Scope, Shape, Unresolved
from spec.source import Pointer
from spec.types import ANY, OPAQUE_WORDS, RECORDS, STRING, Type, fits
from spec.values import Formatter, ListOf, Literal, Member, Name, ObjectOf, Text, Value
from spec.written import Written

_WRITABLE = ("string", "integer", "number", "boolean", "any")


class Fit:
    """Checks values in one scope. With `null_welcome`, null may be anywhere in them."""

    def __init__(self, report: Report, scope: Scope, *, null_welcome: bool = False) -> None:
        self.report = report
        self.scope = scope
        self.null_welcome = null_welcome

    def check_references(self, written: Written) -> None:
        """Report every path in `written` that leads nowhere, and every slot that cannot be text."""
        for pointer, reference in written.all_references():
            try:
                shape = self.scope.resolve(reference)
            except Unresolved as error:
                self._unresolved(pointer, reference, error)
                continue
            if shape is not None and reference.formatters is not None:
                self._check_slot(pointer, reference, shape.type)

    def check_input(self, written: Written, input: Input) -> None:
        """Report where `written` is not what a call's `input` takes."""
        before = len(self.report.problems)
        self.check_value(written, input.type)
        clear = written.known and len(self.report.problems) == before
        if clear and isinstance(written.value, Literal):
            check_schema(self.report, written.pointer, written.value.value, input.schema)

    def check_value(self, written: Written, wanted: Type) -> None:
        """Report where `written` is not of type `wanted`."""
        if written.children:
            self._check_children(written, wanted)
        elif written.known:
            self._check_string(written.pointer, written.value, iter(written.references), wanted)

    def _unresolved(self, pointer: Pointer, reference: Reference, error: Unresolved) -> None:
        if error.code == "wrong-type" and reference.formatters is None:
            self.report.at_value(error.code, pointer, error.detail, error.hint)
        else:
            offset = reference.segments[error.segment].offset
            self.report.at_offset(error.code, pointer, offset, error.detail, error.hint)

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

    def _check_string(
        self, pointer: Pointer, value: Value, references: Iterator[Reference], wanted: Type
    ) -> None:
        match value:
            case Literal(data):
                self._check_data(pointer, data, wanted)
            case ListOf(items) if wanted.lists or wanted.is_any:
                for item in items:
                    element = wanted.element() if wanted.lists else ANY
                    self._check_string(pointer, item, references, element)
            case Text():
                self._check_shape(pointer, 0, Shape(STRING), wanted)
            case Name() | Member():
                reference = next(references, None)
                offset = reference.segments[0].offset if reference else 0
                self._check_shape(pointer, offset, self.scope.shape_of(value), wanted)
            case ListOf() | ObjectOf():
                self._check_shape(pointer, 0, Shape(ANY.listed()), wanted)

    def _check_data(self, pointer: Pointer, data: object, wanted: Type) -> None:
        if data is None and self.null_welcome:
            return
        check_data(self.report, pointer, data, wanted)

    def _check_shape(
        self, pointer: Pointer, offset: int, shape: Shape | None, wanted: Type
    ) -> None:
        if shape is None:
            return
        given = shape.type
        if given.word in OPAQUE_WORDS and wanted.is_any:
            detail = f"{article(given)} can only be handed to an input of that type"
            self.report.at_value("wrong-type", pointer, detail)
        elif not fits(given, wanted):
            detail = f"{article(given)}, where {article(wanted)} is wanted"
            self.report.at_value("wrong-type", pointer, detail)
        elif given.optional and not wanted.optional and not self.null_welcome:
            self._null(pointer, offset, f"this may be null, and {article(wanted)} is wanted")

    def _check_slot(self, pointer: Pointer, reference: Reference, type: Type) -> None:
        start = reference.segments[0].offset
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
