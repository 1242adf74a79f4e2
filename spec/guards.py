"""What is known where a step runs, since its condition held: which paths are not null there.

Knows conditions as values with every name written out; what they are of is for `spec.scope`.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass, field

from spec.parsed import Path
from spec.records import record
from spec.values import Literal, Member, Name, Operation, Value, leaves


@record
class Term:
    """What has to hold: terms that say the same share the `key`, and `path` is not null then."""

    key: Hashable
    path: Path | None
    names: frozenset[str]


@dataclass(slots=True)
class Guards:
    """The terms of conditions that held, by their keys, and the `paths` that are not null then.

    They add to those of `outer`. `own` are the names that mean something else to other steps of the
    map. Where a condition is not `known`, nothing may be null.
    """

    own: frozenset[str] = frozenset()
    known: bool = True
    outer: "Guards | None" = None
    terms: dict[Hashable, Term] = field(default_factory=dict)
    paths: set[Path] = field(default_factory=set)
    _inner: "dict[frozenset[str], Guards]" = field(default_factory=dict)
    _held: dict[frozenset[Hashable], bool] = field(default_factory=dict)

    def sure_of(self, path: Path) -> bool:
        """Whether what `path` reads is not null here."""
        return not self.known or any(path in layer.paths for layer in self._layers())

    def hold(self, keys: frozenset[Hashable]) -> bool:
        """Whether terms with these `keys` hold here, and mean what they do to the whole map."""
        if keys not in self._held:  # a step under a condition is read again and again
            self._held[keys] = self._hold(keys)
        return self._held[keys]

    def _hold(self, keys: frozenset[Hashable]) -> bool:
        left = keys
        for layer in self._layers():
            found = left & layer.terms.keys()
            if self.own and any(not self.own.isdisjoint(layer.terms[key].names) for key in found):
                return False
            left -= found
        return not left

    def suppose(self, terms: Iterable[Term]) -> None:
        """Take `terms` to hold too."""
        self._held.clear()
        for term in terms:
            self.terms[term.key] = term
            if term.path is not None:
                self.paths.add(term.path)

    def deeper(self) -> "Guards":
        """Return the same guards, to suppose more with."""
        return Guards(self.own, self.known, self)

    def among(self, terms: Collection[Term], own: Collection[str], *, known: bool) -> "Guards":
        """Return what is known one step further in, where the names `own` have a new meaning."""
        inner = self._within(frozenset(own))
        if not terms and known:
            return inner
        inner = inner.deeper()
        inner.known = inner.known and known
        inner.suppose(terms)
        return inner

    def _within(self, own: frozenset[str]) -> "Guards":
        """Return what of this still holds where `own` are new: the same for every such step."""
        if own == self.own == frozenset():
            return self
        if own not in self._inner:
            self._inner[own] = inner = Guards(own, self.known)
            held = (term for layer in self._layers() for term in layer.terms.values())
            inner.suppose(term for term in held if own.isdisjoint(term.names))
        return self._inner[own]

    def _layers(self) -> "Iterator[Guards]":
        layer: Guards | None = self
        while layer is not None:
            yield layer
            layer = layer.outer


def terms_of(condition: Value) -> tuple[Term, ...]:
    """Return what all has to hold for `condition` to hold."""
    return tuple(map(_term, _conjuncts(condition)))


def _conjuncts(condition: Value) -> Iterator[Value]:
    """Yield what is joined by `and`, however deep in brackets."""
    if isinstance(condition, Operation) and condition.op == "and":
        for operand in condition.operands:
            yield from _conjuncts(operand)
    else:
        yield condition


def _term(value: Value) -> Term:
    path = _assures(value)
    if path is not None:
        return Term((isinstance(value, Operation), path), path, frozenset((str(path[0]),)))
    names = frozenset(leaf.id for leaf in leaves(value) if isinstance(leaf, Name))
    return Term(repr(value), None, names)


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
