"""What reading one string of a document gives: a value, the paths it reads, what is wrong in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from spec.codes import Code
from spec.values import JSON, Formatter, Literal, Member, Name, ObjectOf, Text, Value, parts


class Segment(NamedTuple):
    """One step of a path: a name, a key or a position, and where in the string it stands."""

    key: str | int
    offset: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A path that is read, from a name in scope on. In a slot it has `formatters`, maybe none."""

    segments: tuple[Segment, ...]
    formatters: tuple[Formatter, ...] | None = None

    @property
    def name(self) -> str:
        """The name in scope that it starts from."""
        return str(self.segments[0].key)

    def __str__(self) -> str:
        first, *rest = (segment.key for segment in self.segments)
        steps = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in rest)
        return str(first) + "".join(steps)


class Placed(NamedTuple):
    """A value and where in its string it starts. `parts` are in the order of `values.parts`.

    A path, from a name on by written keys, is a `reference` and has no parts. The key of any other
    member is a part, at the place of its name or of what is in the brackets. A tuple, because an
    expression has one for each of its words.
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
        segments = name_path(text, offset)
        return Placed(path_value(segments), offset, reference=Reference(segments))

    def member(self, key: "Placed") -> "Placed":
        """Return what `key` reads from this. A path goes on where the key is written down."""
        written: JSON = key.value.value if isinstance(key.value, Literal) else None
        if type(written) not in (str, int):
            return Placed(Member(self.value, key.value), self.offset, (self, key))
        value = Member(self.value, written)
        if self.reference is None:
            return Placed(value, self.offset, (self, key))
        segments = (*self.reference.segments, Segment(written, key.offset))
        return Placed(value, self.offset, reference=Reference(segments))

    def references(self) -> list[Reference]:
        """Return every path in it, each as long as it can be, from left to right."""
        if self.reference is not None:
            return [self.reference]
        return [reference for part in self.parts for reference in part.references()]


def name_path(text: str, offset: int) -> tuple[Segment, ...]:
    """Return the path that `text`, names with dots between and no more, is from `offset` on."""
    segments = []
    for name in text.split("."):
        segments.append(Segment(name, offset))
        offset += len(name) + 1
    return tuple(segments)


def path_value(segments: Sequence[Segment]) -> Value:
    """Return the value that is read by a path, whose first segment is a name."""
    value: Value = Name(str(segments[0].key))
    for segment in segments[1:]:
        value = Member(value, segment.key)
    return value


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

    An expression is also `placed`; text has the places of its slots in its references. `words` are
    the names, signs, numbers and strings in it that had to be read.
    """

    value: Value
    references: tuple[Reference, ...] = ()
    problems: tuple[Refused, ...] = ()
    placed: Placed | None = None
    words: int = 0
