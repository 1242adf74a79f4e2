"""What reading one string of a document gives: a value, the paths it reads, what is wrong in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from spec.codes import Code
from spec.values import Formatter, Literal, Member, Name, ObjectOf, Text, Value, parts


class Segment(NamedTuple):
    """One step of a path: a name, a key or a position, and where in the string it stands."""

    key: str | int
    offset: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A path that is read, from a name in scope on. In a slot it has `formatters`, maybe none."""

    segments: tuple[Segment, ...]
    formatters: tuple[Formatter, ...] | None = None

    def __str__(self) -> str:
        first, *rest = (segment.key for segment in self.segments)
        steps = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in rest)
        return str(first) + "".join(steps)


class Placed(NamedTuple):
    """A value and where in its string it starts. `parts` are in the order of `values.parts`.

    The key of a member is always a part, at the place of its name or of what is in the brackets.
    A tuple, because an expression has one for each of its words.
    """

    value: Value
    offset: int = 0
    parts: tuple["Placed", ...] = ()

    @staticmethod
    def of(value: Value) -> "Placed":
        """Wrap a value that stands in no string.

        Nothing is asked of text and objects but that they are: what is in them has its own place.
        """
        if isinstance(value, Text | ObjectOf):
            return Placed(value)
        inner = parts(value)
        if isinstance(value, Member) and isinstance(value.key, str | int):
            inner = (*inner, Literal(value.key))
        return Placed(value, 0, tuple(Placed.of(part) for part in inner))

    def path(self) -> tuple[Segment, ...]:
        """Return the path that this is, from a name on by written keys; empty when it is none."""
        match self.value:
            case Name(id):
                return (Segment(id, self.offset),)
            case Member(_, str() | int() as key):
                of, place = self.parts
                before = of.path()
                return (*before, Segment(key, place.offset)) if before else ()
            case _:
                return ()

    def references(self) -> Iterator[Reference]:
        """Yield every path in it, each as long as it can be, from left to right."""
        path = self.path()
        if path:
            yield Reference(path)
            return
        for part in self.parts:
            yield from part.references()


def name_path(text: str, offset: int) -> tuple[Segment, ...]:
    """Return the path that `text`, names with dots between and no more, is from `offset` on."""
    segments = []
    for name in text.split("."):
        segments.append(Segment(name, offset))
        offset += len(name) + 1
    return tuple(segments)


@dataclass(frozen=True, slots=True)
class Refused:
    """Something wrong at `offset` of the string; None when it is the string as a whole."""

    code: Code
    detail: str
    offset: int | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A value, every reference in it from left to right, and every problem.

    An expression is also `placed`; text has the places of its slots in its references.
    """

    value: Value
    references: tuple[Reference, ...] = ()
    problems: tuple[Refused, ...] = ()
    placed: Placed | None = None
