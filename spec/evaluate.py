"""From a value to data: paths walked, operations done, slots written. Touches only plain JSON.

Whoever calls it says what each leaf stands for; what is opaque passes through untouched. What one
evaluation takes and makes is bounded, whatever it is handed.
"""

from collections.abc import Callable

from spec.codes import Code
from spec.formatters import apply, write
from spec.functions import call
from spec.kinds import kind_of, shown_kind
from spec.limits import TEXT_CHARS_MAX
from spec.meter import Fault, Meter
from spec.operators import operate, wrong
from spec.values import (
    JSON,
    Call,
    Leaf,
    ListOf,
    Literal,
    Member,
    Name,
    ObjectOf,
    Operation,
    Slice,
    Slot,
    Text,
    Value,
    parts,
)


class EvaluationError(Exception):
    """A value that could not be made. `path` says which, as far as its names are the author's."""

    def __init__(self, code: Code, path: str, detail: str) -> None:
        super().__init__(f"`{path}`: {detail}" if path else detail)
        self.code = code
        self.path = path
        self.detail = detail


Lookup = Callable[[Leaf], JSON]


def evaluate(value: Value, lookup: Lookup) -> JSON:
    """Return what `value` stands for. Raises `EvaluationError`, and nothing else of its own."""
    return Evaluation(lookup).value(value)


class Evaluation:
    """Evaluates values for one reader: all their text together has at most `chars_max` characters.

    `lookup` says what each leaf stands for; `meter` says what it has cost so far.
    """

    def __init__(self, lookup: Lookup, chars_max: int = TEXT_CHARS_MAX) -> None:
        self._lookup = lookup
        self.meter = Meter(chars_max)

    def value(self, value: Value) -> JSON:
        """Return what `value` stands for. Raises `EvaluationError`, and nothing else of its own."""
        if isinstance(value, Literal):
            return value.value
        if isinstance(value, Leaf):
            return self._lookup(value)
        match value:
            case ListOf(items):
                return [self.value(item) for item in items]
            case ObjectOf(fields):
                return {key: self.value(field) for key, field in fields}
            case _:
                return self._computed(value)

    def _computed(self, value: Value) -> JSON:
        try:
            self.meter.visit()
            return self._made(value)
        except Fault as fault:
            at = value if fault.operand is None else parts(value)[fault.operand]
            raise EvaluationError(fault.code, path_text(at), fault.detail) from None

    def _made(self, value: Value) -> JSON:
        match value:
            case Text(segments):
                return "".join(map(self._segment, segments))
            case Member(of, key):
                return self._member(self.value(of), key)
            case Slice(of, start, end):
                return self._slice(self.value(of), self._bound(start), self._bound(end))
            case Operation("and" | "or" | "not"):
                return self._logic(value)
            case Operation(operator, operands):
                return operate(operator, [self.value(each) for each in operands], self.meter)
            case Call(function, arguments):
                return call(function, [self.value(each) for each in arguments], self.meter)
        raise TypeError(f"{type(value).__name__} is no value")

    def _logic(self, operation: Operation) -> bool:
        if operation.op == "not":
            return not self._truth(operation, 0)
        decides = operation.op == "or"
        for position in range(len(operation.operands)):
            if self._truth(operation, position) is decides:
                return decides
        return not decides

    def _truth(self, operation: Operation, position: int) -> bool:
        value = self.value(operation.operands[position])
        if kind_of(value) not in ("boolean", "null"):
            raise wrong(value, f"`{operation.op}`", "booleans", position)
        return bool(value)

    def _member(self, of: JSON, written: str | int | Value) -> JSON:
        if of is None:
            return None
        key = written if isinstance(written, str | int) else self.value(written)
        kind = kind_of(of)
        if kind == "object" and kind_of(key) == "string":
            return of.get(key)
        if kind in ("list", "string") and type(key) is int:
            if -len(of) <= key < len(of):
                return of[key]
            raise Fault("bad-value", f"position {key} is outside a length of {len(of)}")
        if kind in ("object", "list", "string"):
            wanted = "a string for a key" if kind == "object" else "an integer for a position"
            raise Fault("wrong-type", f"{shown_kind(of)} takes {wanted}, and was given another")
        raise Fault("wrong-type", f"what it is read from is {shown_kind(of)}")

    def _slice(self, of: JSON, start: int | None, end: int | None) -> JSON:
        if of is None:
            return None
        kind = kind_of(of)
        if kind not in ("list", "string"):
            raise wrong(of, "a slice", "a list or a string", 0)
        taken = of[start:end]
        self.meter.visit(len(taken) if kind == "string" else 0)
        self.meter.spend(len(taken) if kind == "list" else 0)
        return taken

    def _bound(self, value: Value | None) -> int | None:
        if value is None:
            return None
        bound = self.value(value)
        if type(bound) is not int:
            raise wrong(bound, "a slice", "integers for its bounds")
        return bound

    def _segment(self, segment: str | Slot) -> str:
        text = segment if isinstance(segment, str) else self._fill(segment)
        self.meter.write(len(text))
        return text

    def _fill(self, slot: Slot) -> str:
        value = self.value(slot.value)
        try:
            for formatter in slot.formatters:
                value = apply(formatter, value, self.meter)
            return write(value, self.meter)
        except Fault as fault:
            raise EvaluationError(fault.code, path_text(slot.value), fault.detail) from None


def path_text(value: Value) -> str:
    """Write a path as its author did, as far as that can be said.

    >>> path_text(Member(Member(Name("hits"), "docs"), 0))
    'hits.docs[0]'
    """
    match value:
        case Name(id):
            return id
        case Member(of, str() as key):
            return f"{path_text(of)}.{key}".lstrip(".")
        case Member(of, int() as index):
            return f"{path_text(of)}[{index}]"
        case Member(of) | Slice(of):
            return f"{path_text(of)}[…]"
        case _:
            return ""
