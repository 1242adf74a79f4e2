"""What the children of one structure have in common: found once, copied ever after.

Opening an element walks every module it calls, and the next element differs in its number alone. So
two elements that no list has are opened and laid side by side. Where they differ in nothing but the
number, by itself or in a name made from it, whatever else they are is shared by all children. Where
they differ in anything more there is no mould, and every child is opened for itself.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from spec.values import ListOf, Member

Made = TypeVar("Made")

#: Numbers that no list reaches. Equally long, so that names made from them sort alike.
SAMPLES = (1_000_000_007, 1_000_000_009)

#: Children that are opened for themselves before a mould is made: it costs as much as two.
OPENED_BEFORE = 3


#: Where the number of a child stands in what is made for it.
_NUMBER = -1


class _Differ(Exception):
    """Two samples differ in more than their number."""


class _Part(NamedTuple):
    """How one object of a child is made: of what is `kept`, with `changes` from what is made.

    `make` takes the values one by one where they are to be `spread`, else as they are.
    """

    make: Callable[..., Any]
    spread: bool
    kept: list[Any] | dict[Any, Any]
    changes: Sequence[tuple[Any, int]]  #: by place or key, which of all that is made stands there


class Mould(Generic[Made]):
    """Makes the children of one structure, each equal to what `open` gives for its number.

    Their paths are `path[number]`.
    """

    def __init__(self) -> None:
        self._left = OPENED_BEFORE
        self._pattern: _Pattern | None = None

    def child(self, path: str, index: int, open: Callable[[int], Made]) -> Made:
        """Return the child with this number."""
        if self._pattern is not None:
            made: Made = self._pattern.child(path, index)
            return made
        self._left -= 1
        if self._left == 0:
            self._pattern = _pattern(path, open)
        return open(index)


def _pattern(path: str, open: Callable[[int], Any]) -> "_Pattern | None":
    one, other = SAMPLES
    pattern = _Pattern(f"{path}[{one}]", f"{path}[{other}]")
    try:
        whole = pattern.common(open(one), open(other))
    except _Differ:
        return None
    return pattern if whole is not None else None


class _Pattern:
    """What the children at two paths have in common, and how the rest is made for any number.

    All that is made for one child stands in a list: its parts from the front, the whole last of
    them; from the back its number and then its names, of which more are found while parts are.
    """

    def __init__(self, one: str, other: str) -> None:
        self._one, self._other = one, other
        self._parts: list[_Part] = []
        self._rests: dict[str, int] = {}  #: of names, after the path of their child

    def child(self, path: str, index: int) -> Any:
        """Make the child with this number."""
        own = f"{path}[{index}]"
        made: list[Any] = [None] * len(self._parts)
        whole = len(made) - 1
        made += [own + rest for rest in reversed(self._rests)]
        made.append(index)
        for at, (make, spread, kept, changes) in enumerate(self._parts):
            values = kept.copy()
            for place, source in changes:
                values[place] = made[source]
            made[at] = make(*values) if spread else make(values)
        return made[whole]

    def common(self, one: Any, other: Any) -> int | None:
        """Return where what differs between two samples is made; None where all are equal."""
        if one is other:
            return None
        if type(one) is not type(other):
            raise _Differ
        match one:
            case str():
                return self._name(one, other)
            case tuple() | list():
                return self._several(type(one), one, other)
            case frozenset():
                return self._several(frozenset, sorted(one), sorted(other))
            case dict():
                return self._keyed(one, other)
        return self._record(one, other) if is_dataclass(one) else _plain(one, other)

    def _name(self, one: str, other: str) -> int | None:
        """Names within a child begin with its path."""
        if one == other:
            return None
        rest = one.removeprefix(self._one)
        if one == rest or self._other + rest != other:
            raise _Differ
        return self._rests.setdefault(rest, _NUMBER - 1 - len(self._rests))

    def _several(
        self, make: Callable[[Any], Any], one: Sequence[Any], other: Sequence[Any]
    ) -> int | None:
        if len(one) != len(other):
            raise _Differ
        sources = [self.common(a, b) for a, b in zip(one, other, strict=True)]
        return self._add(make, False, list(one), enumerate(sources))

    def _keyed(self, one: dict[Any, Any], other: dict[Any, Any]) -> int | None:
        if list(one) != list(other):
            return self._several(dict, list(one.items()), list(other.items()))
        sources = {key: self.common(one[key], other[key]) for key in one}
        return self._add(dict, False, one, sources.items())

    def _record(self, one: Any, other: Any) -> int | None:
        """What takes no part in comparing is made anew in each copy, as it was in each sample."""
        sources = [
            self._fresh(each.default_factory)
            if not each.compare and each.default_factory is not MISSING
            else self.common(getattr(one, each.name), getattr(other, each.name))
            for each in fields(one)
            if each.init
        ]
        if isinstance(one, Member) and isinstance(one.of, ListOf) and sources[1] is not None:
            raise _Differ  # of a list whose parts are known, a real number picks one
        kept = [getattr(one, each.name) for each in fields(one) if each.init]
        return self._add(type(one), True, kept, enumerate(sources))

    def _fresh(self, make: Callable[[], Any]) -> int:
        self._parts.append(_Part(make, True, [], ()))
        return len(self._parts) - 1

    def _add(
        self,
        make: Callable[..., Any],
        spread: bool,
        kept: list[Any] | dict[Any, Any],
        sources: Iterable[tuple[Any, int | None]],
    ) -> int | None:
        changes = [(place, source) for place, source in sources if source is not None]
        if not changes:
            return None
        self._parts.append(_Part(make, spread, kept, changes))
        return len(self._parts) - 1


def _plain(one: object, other: object) -> int | None:
    if (one, other) == SAMPLES:
        return _NUMBER
    if one != other:
        raise _Differ
    return None
