"""What is known where a step runs, since its condition held: which paths are not null there.

Knows conditions as values with every name written out; what they are of is for `spec.scope`.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from spec.values import Literal, Member, Name, Operation, Value, leaves

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Guards:
    """The terms of conditions that held. Where a condition is not `known`, nothing may be null."""

    terms: tuple[Value, ...] = ()
    own: frozenset[str] = frozenset()
    known: bool = True

    def sure_of(self, path: Path) -> bool:
        """Whether what `path` reads is not null here."""
        return not self.known or any(_assures(term) == path for term in self.terms)

    def keys(self) -> frozenset[str]:
        """Return what identifies the terms that mean the same to every step of the map."""
        return frozenset(repr(term) for term in self.terms if not reads(term, self.own))

    def supposing(self, terms: Iterable[Value]) -> "Guards":
        """Return what is known here where `terms` hold too."""
        return replace(self, terms=(*self.terms, *terms))

    def among(self, terms: Iterable[Value], own: Collection[str], *, known: bool) -> "Guards":
        """Return what is known one step further in, where the names `own` have a new meaning."""
        if not (terms or own or self.own) and known:
            return self
        kept = tuple(term for term in self.terms if not reads(term, own))
        return Guards((*kept, *terms), frozenset(own), self.known and known)


def terms_of(condition: Value) -> Iterator[Value]:
    """Yield what all has to hold for `condition` to hold."""
    if isinstance(condition, Operation) and condition.op == "and":
        for operand in condition.operands:
            yield from terms_of(operand)
    else:
        yield condition


def reads(value: Value, names: Collection[str]) -> bool:
    """Whether `value` reads one of `names`."""
    return any(isinstance(leaf, Name) and leaf.id in names for leaf in leaves(value))


def _assures(term: Value) -> Path | None:
    match term:
        case Operation("!=", (left, Literal(None))):
            return _path(left)
        case _:
            return _path(term)


def _path(value: Value) -> Path | None:
    match value:
        case Name(id):
            return (id,)
        case Member(of, str() | int() as key):
            before = _path(of)
            return None if before is None else (*before, key)
        case _:
            return None
