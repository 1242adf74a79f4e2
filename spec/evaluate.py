"""From a value to data: paths walked, slots written. Touches only JSON, by key and position.

Whoever calls it says what each leaf stands for; what is opaque passes through untouched.
"""

from collections.abc import Callable

from spec.codes import Code
from spec.formatters import FormatError, Room, apply, write
from spec.limits import TEXT_CHARS_MAX
from spec.values import JSON, Leaf, ListOf, Literal, Member, Name, ObjectOf, Slot, Text, Value


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
    return Evaluation(lookup, TEXT_CHARS_MAX).value(value)


class Evaluation:
    """Evaluates values for one reader: all their text together has at most `chars_max` characters.

    `lookup` says what each leaf stands for.
    """

    def __init__(self, lookup: Lookup, chars_max: int) -> None:
        self._lookup = lookup
        self._room = Room(chars_max)

    def value(self, value: Value) -> JSON:
        """Return what `value` stands for. Raises `EvaluationError`, and nothing else of its own."""
        match value:
            case Leaf():
                return self._lookup(value)
            case Literal(data):
                return data
            case Member(of, key):
                return _member(self.value(of), key, value)
            case Text(segments):
                return self._text(segments)
            case ListOf(items):
                return [self.value(item) for item in items]
            case ObjectOf(fields):
                return {key: self.value(field) for key, field in fields}

    def _text(self, segments: tuple[str | Slot, ...]) -> str:
        try:
            return self._room.join(map(self._segment, segments))
        except FormatError as error:
            raise EvaluationError(error.code, "", error.detail) from None

    def _segment(self, segment: str | Slot) -> str:
        return segment if isinstance(segment, str) else self._slot(segment)

    def _slot(self, slot: Slot) -> str:
        value = self.value(slot.value)
        try:
            for formatter in slot.formatters:
                value = apply(formatter, value, self._room.chars_max)
            return write(value)
        except FormatError as error:
            raise EvaluationError(error.code, path_text(slot.value), error.detail) from None


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
        case _:
            return ""


def _member(of: JSON, key: str | int, value: Value) -> JSON:
    if of is None:
        return None
    if isinstance(of, dict) and isinstance(key, str):
        return of.get(key)
    if isinstance(of, list | str) and isinstance(key, int):
        if -len(of) <= key < len(of):
            return of[key]
        detail = f"position {key} is outside a length of {len(of)}"
        raise EvaluationError("bad-value", path_text(value), detail)
    wanted = "an object" if isinstance(key, str) else "a list or a string"
    raise EvaluationError("wrong-type", path_text(value), f"what it is read from is not {wanted}")
