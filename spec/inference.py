"""Of what type a value is, and what in it cannot be computed: every name, operand and argument.

Unknown is an answer: None says that something else is wrong already, and that nothing follows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from spec.codes import Code
from spec.data import article, common_type, type_of_data
from spec.guards import terms_of
from spec.parsed import Placed, Reference
from spec.problems import quoted
from spec.scope import Scope, Shape, Unresolved, member, nullable
from spec.signatures import (
    ANYTHING,
    LIST,
    RULES,
    STRINGS,
    Wanted,
    element,
    is_number,
    is_object,
    is_text,
)
from spec.types import ANY, BOOLEAN, INTEGER, NUMBER, OBJECT, STRING, Type
from spec.values import (
    AcceptedAt,
    Call,
    ListOf,
    Literal,
    Member,
    Name,
    ObjectOf,
    Operation,
    Slice,
    Text,
    Value,
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something wrong at `offset` of a string; None when it is the value as a whole."""

    code: Code
    offset: int | None
    detail: str
    hint: str | None = None


_PLAIN: Mapping[type, Shape] = MappingProxyType(
    {bool: Shape(BOOLEAN), int: Shape(INTEGER), float: Shape(NUMBER), str: Shape(STRING)}
)
_TRUTH = Wanted("a boolean", lambda type: type == BOOLEAN, null=True)
_POSITION = Wanted("an integer", lambda type: type == INTEGER)
_KEY = Wanted("a string", lambda type: type == STRING)
_KEY_OR_POSITION = Wanted("a string or an integer", lambda type: type in (STRING, INTEGER))
_CUT = Wanted("a list or a string", lambda type: type.lists > 0 or is_text(type))
_ADDED = Wanted(
    "numbers, strings or lists", lambda type: type.lists > 0 or is_text(type) or is_number(type)
)
_NUMBERS = Wanted("a number", is_number)
_ORDERED = Wanted("two numbers or two strings", lambda type: is_text(type) or is_number(type))
_HOLDING = Wanted(
    "a list, a string or an object on its right",
    lambda type: type.lists > 0 or is_text(type) or is_object(type),
)
_HELD = Wanted("a value on its left", lambda _: True)


def shape_of(scope: Scope, value: Value | Placed) -> Shape | None:
    """Return the shape of `value`; None when something it reads is not known."""
    placed = value if isinstance(value, Placed) else Placed.of(value)
    return _Inference(scope, placed, None).shape(placed)


def infer(
    scope: Scope,
    placed: Placed,
    found: Callable[[Wrong], None],
    elements: dict[int, Shape | None] | None = None,
    *,
    guarding: bool = False,
) -> Shape | None:
    """Return the shape of what stands in one string, and hand every mistake in it to `found`.

    The shapes of elements of lists in it are put into `elements`, by the identity of each. In a
    `guarding` string each term of an `and` is known to hold in those to its right.
    """
    inference = _Inference(scope, placed, found, guarding=guarding)
    shape = inference.shape(placed)
    if elements is not None:
        elements.update(inference.elements)
    return shape


class _Inference:
    """Without `found`, nobody hears of mistakes, and no time goes into what to say of them."""

    def __init__(
        self,
        scope: Scope,
        whole: Placed,
        found: Callable[[Wrong], None] | None,
        *,
        guarding: bool = False,
    ) -> None:
        self.guarding = guarding
        self.scope = scope
        self.whole = whole
        self.found = found
        self.elements: dict[int, Shape | None] = {}

    def shape(self, placed: Placed) -> Shape | None:
        if placed.reference is not None:
            return self._path(placed, placed.reference)
        rule = _SHAPES.get(type(placed.value))
        return rule(self, placed) if rule else None

    def literal(self, placed: Placed) -> Shape | None:
        if not isinstance(placed.value, Literal):
            return None
        data = placed.value.value
        return _PLAIN.get(type(data)) or Shape(type_of_data(data))

    def list(self, placed: Placed) -> Shape | None:
        shapes = [(part, self.shape(part)) for part in placed.parts]
        self.elements.update((id(part), shape) for part, shape in shapes)
        known = [shape.type for part, shape in shapes if shape and not _is_null(part)]
        if len(known) + sum(_is_null(part) for part, _ in shapes) < len(shapes):
            return Shape(ANY.listed())
        type = common_type(known)
        return Shape(type.or_null(type.optional or len(known) < len(shapes)).listed())

    def member(self, placed: Placed) -> Shape | None:
        of, key = placed.parts
        shape = self._read(of)
        if shape is None:
            self.shape(key)
            return None
        if isinstance(placed.value, Member) and isinstance(placed.value.key, str | int):
            return self._written(shape, placed.value.key, key)
        wanted = _key_of(shape.type)
        if wanted is None or shape.type.is_opaque:
            self._wrong(of, f"nothing can be read from {article(shape.type)}")
            return None
        self.operand(key, wanted, f"{article(shape.type)} is read by")
        return nullable(_computed(shape), shape.type.optional)

    def slice(self, placed: Placed) -> Shape | None:
        of, *bounds = placed.parts
        for bound in bounds:
            self.operand(bound, _POSITION, "a slice is cut at")
        shape = self._read(of)
        if shape is None:
            return None
        optional = shape.type.optional
        type = self._fitting(of, shape.type.or_null(False), _CUT, "a slice is of")
        return None if type is None else Shape(type.or_null(optional), shape.schema)

    def operation(self, placed: Placed) -> Shape | None:
        if not isinstance(placed.value, Operation):
            return None
        operator = placed.value.op
        if operator == "+":
            return self._sum(placed.parts)
        if operator in ("and", "or", "not"):
            self._logic(operator, placed)
        elif operator in ("==", "!="):
            for part in placed.parts:
                self.operand(part, ANYTHING, f"`{operator}` takes")
        elif operator in ("in", "not in"):
            self._within(operator, *placed.parts)
        else:
            self._ordering(operator, *placed.parts)
        return _PLAIN[bool]

    def _logic(self, operator: str, placed: Placed) -> None:
        supposing = self.guarding and placed is self.whole and operator == "and"
        if supposing:  # each term is known to hold in those to its right
            self.scope = self.scope.under(self.scope.guards.deeper())
        last = placed.parts[-1]
        for part in placed.parts:
            self.operand(part, _TRUTH, f"`{operator}` takes")
            if supposing and part is not last:
                self.scope.guards.suppose(terms_of(self.scope.canonical(part.value)))

    def call(self, placed: Placed) -> Shape | None:
        if not isinstance(placed.value, Call):
            return None
        name = placed.value.function
        rule = RULES[name]
        known: list[Type] = []
        unknown = False
        for position, part in enumerate(placed.parts):
            wanted = rule.wanted[min(position, len(rule.wanted) - 1)]
            type = self.operand(part, wanted, f"`{name}` takes")
            unknown = unknown or type is None
            if type is not None and not (name == "coalesce" and _is_null(part)):
                known.append(type)
        if name == "coalesce" and not known:
            return None if unknown else Shape(ANY.or_null())
        return None if unknown else Shape(rule.gives(known))

    def operand(self, placed: Placed, wanted: Wanted, what: str) -> Type | None:
        """Return the type of an operand; None when it is not known, or reported as wrong."""
        shape = self.shape(placed)
        if shape is None:
            return None
        return self._fitting(placed, shape.type, wanted, what)

    def _fitting(self, placed: Placed, type: Type, wanted: Wanted, what: str) -> Type | None:
        plain = type.or_null(False)
        if type.is_opaque:
            detail = f"{article(plain)} can only be handed on: nothing is computed from it"
            self._wrong(placed, detail)
            return None
        if not (plain.is_any or wanted.takes(plain)):
            detail = f"{what} {wanted.words}, and this is {article(plain)}"
            self._wrong(placed, detail)
            return None
        if type.optional and not wanted.null:
            self._null(placed, f"{what} {wanted.words}, and this may be null")
            return plain
        if wanted.dense and type.lists and type.element().optional:
            hole = self._hole(placed)
            this = "an element of this" if hole is placed else "this element"
            self._null(hole, f"{what} no nulls, and {this} may be one: hand it `compact(…)`")
        return type

    def _hole(self, placed: Placed) -> Placed:
        """Return the first element that may be null of a list that is written out, or all of it."""
        if not isinstance(placed.value, Literal | ListOf):
            return placed
        shapes = ((part, shape_of(self.scope, part)) for part in placed.parts)
        return next((part for part, shape in shapes if shape and shape.type.optional), placed)

    def _path(self, placed: Placed, reference: Reference) -> Shape | None:
        try:
            return self.scope.resolve(reference)
        except Unresolved as error:
            whole = error.code == "wrong-type" and placed is self.whole
            offset = None if whole else reference.offsets[error.segment]
            self._unresolved(error, offset)
            return None

    def _read(self, of: Placed) -> Shape | None:
        """Return the shape of what a computed key or a slice reads: never a step by its name."""
        if isinstance(of.value, Name) and self.scope.is_step(of.value.id):
            id = of.value.id
            detail = f"{quoted(id)} is a step: name the field to read, as in `{id}.field[…]`"
            self._wrong(of, detail)
            return None
        return self.shape(of)

    def _written(self, shape: Shape, key: str | int, place: Placed) -> Shape | None:
        try:
            return nullable(member(shape, key, 0), shape.type.optional)
        except Unresolved as error:
            self._unresolved(error, place.offset)
            return None

    def _sum(self, parts: tuple[Placed, ...]) -> Shape | None:
        total: Type | None = None
        unknown = False
        for part in parts:
            what = "`+` takes" if total is None else f"`+` to {article(total)} takes"
            wanted = _added_to(total)
            type = self.operand(part, wanted, what)
            unknown = unknown or type is None
            if type is not None:
                total = type if total is None else _added(total, type)
        return None if unknown or total is None else Shape(total)

    def _ordering(self, operator: str, left: Placed, right: Placed) -> None:
        first = self.operand(left, _ORDERED, f"`{operator}` takes")
        wanted = _ORDERED
        if first is not None and not first.is_any:
            wanted = _NUMBERS if is_number(first) else STRINGS
        self.operand(right, wanted, f"`{operator}` takes")

    def _within(self, operator: str, left: Placed, right: Placed) -> None:
        of = self.operand(right, _HOLDING, f"`{operator}` takes")
        wanted = _KEY if of is not None and (is_text(of) or is_object(of)) else _HELD
        of_what = "" if wanted is _HELD or of is None else f" {article(of)}"
        what = f"`{operator}`{of_what} takes"
        self.operand(left, wanted, what)

    def _unresolved(self, error: Unresolved, offset: int | None) -> None:
        if self.found is not None:
            self.found(Wrong(error.code, offset, error.detail, error.hint))

    def _wrong(self, placed: Placed, detail: str) -> None:
        if self.found is not None:
            self.found(Wrong("wrong-type", placed.offset, detail))

    def _null(self, placed: Placed, detail: str) -> None:
        if self.found is not None:
            self.found(Wrong("may-be-null", placed.offset, detail))


def _is_null(placed: Placed) -> bool:
    return isinstance(placed.value, Literal) and placed.value.value is None


def _key_of(type: Type) -> Wanted | None:
    if type.is_any:
        return _KEY_OR_POSITION
    if type.lists or is_text(type):
        return _POSITION
    return _KEY if is_object(type) else None


def _computed(shape: Shape) -> Shape:
    """Return what a key that is only known later reads."""
    if shape.type.is_any or is_object(shape.type):
        return Shape(ANY)
    return member(shape, 0, 0)


def _added_to(total: Type | None) -> Wanted:
    if total is None or total.is_any:
        return _ADDED
    if total.lists:
        return LIST
    return _NUMBERS if is_number(total) else STRINGS


def _added(left: Type, right: Type) -> Type:
    if left == right and not (left.lists or left.optional):
        return left
    if left.lists or right.lists:
        return common_type([element(left), element(right)]).listed()
    if is_text(left) or is_text(right):
        return STRING
    return NUMBER if NUMBER in (left, right) else common_type([left, right])


def _plain(type: Type, _: _Inference, __: Placed) -> Shape:
    return Shape(type)


_SHAPES: Mapping[type, Callable[[_Inference, Placed], Shape | None]] = MappingProxyType(
    {
        Literal: _Inference.literal,
        ListOf: _Inference.list,
        Member: _Inference.member,
        Slice: _Inference.slice,
        Operation: _Inference.operation,
        Call: _Inference.call,
        Text: partial(_plain, STRING),
        AcceptedAt: partial(_plain, STRING),
        ObjectOf: partial(_plain, OBJECT),
    }
)
