"""What reading one string of a document gives: a value, the paths it reads, what is wrong in it."""

from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias

from spec.codes import Code
from spec.values import JSON, Formatter, Literal, Member, Name, ObjectOf, Text, Value, parts

Path: TypeAlias = tuple[str | int, ...]


@dataclass(slots=True)
class Reference:
    """A path that is read, from a name in scope on, and where in the string each part of it stands.

    In a slot it has `formatters`, maybe none.
    """

    path: Path
    offsets: tuple[int, ...]
    formatters: tuple[Formatter, ...] | None = None

    @staticmethod
    def of_names(
        text: str, offset: int, formatters: tuple[Formatter, ...] | None = None
    ) -> "Reference":
        """Return the path that `text`, names with dots between and no more, is from `offset` on."""
        names = tuple(text.split("."))
        if len(names) == 2:  # as most are
            return Reference(names, (offset, offset + len(names[0]) + 1), formatters)
        lengths = (len(name) + 1 for name in names[:-1])
        return Reference(names, tuple(accumulate(lengths, initial=offset)), formatters)

    @property
    def name(self) -> str:
        """The name in scope that it starts from."""
        return str(self.path[0])

    def value(self) -> Value:
        """Return the value that it reads."""
        value: Value = Name(str(self.path[0]))
        for key in self.path[1:]:
            value = Member(value, key)
        return value

    def then(self, key: str | int, offset: int) -> "Reference":
        """Return the path that goes on from this one by `key`."""
        return Reference((*self.path, key), (*self.offsets, offset))

    def __str__(self) -> str:
        first, *rest = self.path
        steps = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in rest)
        return str(first) + "".join(steps)


@dataclass(slots=True)
class Placed:
    """A value and where in its string it starts. `parts` are in the order of `values.parts`.

    A path, from a name on by written keys, is a `reference` and has no parts. The key of any other
    member is a part, at the place of its name or of what is in the brackets.
    """

    value: Value
    offset: int = 0
    parts: tuple["Placed", ...] = ()
    reference: Reference | None = None

    @staticmethod
    def of(value: Value) -> "Placed":
        """Wrap a value that stands in no string.

        Nothing is asked of text and objects but that they are: what is in them has its own place.
        """
        if isinstance(value, Literal | Text | ObjectOf):
            return Placed(value)
        if isinstance(value, Name):
            return Placed.named(value.id, 0)
        if isinstance(value, Member) and isinstance(value.key, str | int):
            return Placed.of(value.of).member(Placed(Literal(value.key)))
        return Placed(value, 0, tuple(Placed.of(part) for part in parts(value)))

    @staticmethod
    def named(text: str, offset: int) -> "Placed":
        """Return the path that `text`, names with dots between and no more, is from `offset` on."""
        reference = Reference.of_names(text, offset)
        return Placed(reference.value(), offset, reference=reference)

    def member(self, key: "Placed") -> "Placed":
        """Return what `key` reads from this. A path goes on where the key is written down."""
        written: JSON = key.value.value if isinstance(key.value, Literal) else None
        if type(written) not in (str, int):
            return Placed(Member(self.value, key.value), self.offset, (self, key))
        value = Member(self.value, written)
        if self.reference is None:
            return Placed(value, self.offset, (self, key))
        return Placed(value, self.offset, reference=self.reference.then(written, key.offset))

    def references(self) -> list[Reference]:
        """Return every path in it, each as long as it can be, from left to right."""
        found: list[Reference] = []
        self._gather(found)
        return found

    def _gather(self, found: list[Reference]) -> None:
        if self.reference is not None:
            found.append(self.reference)
        for part in self.parts:
            part._gather(found)


@dataclass(frozen=True, slots=True)
class Refused:
    """Something wrong at `offset` of the string; None when it is the string as a whole."""

    code: Code
    detail: str
    offset: int | None = None
    hint: str | None = None


@dataclass(slots=True)
class Parsed:
    """A value, every reference in it from left to right, and every problem.

    An expression is also `placed`; text has the places of its slots in its references. `words` are
    the names, signs, numbers and strings in it that had to be read.
    """

    value: Value
    references: tuple[Reference, ...] = ()
    problems: tuple[Refused, ...] = ()
    placed: Placed | None = None
    words: int = 0
