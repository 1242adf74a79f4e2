"""What reading one string of a document gives: a value, the paths it reads, what is wrong in it."""

from dataclasses import dataclass

from spec.codes import Code
from spec.values import Formatter, Value


@dataclass(frozen=True, slots=True)
class Segment:
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


@dataclass(frozen=True, slots=True)
class Refused:
    """Something wrong at `offset` of the string; None when it is the string as a whole."""

    code: Code
    detail: str
    offset: int | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A value, every reference in it from left to right, and every problem."""

    value: Value
    references: tuple[Reference, ...] = ()
    problems: tuple[Refused, ...] = ()
