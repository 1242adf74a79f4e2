"""What the children of one structure have in common: found once, copied ever after.

Opening an element walks every module it calls, and the next element differs in its number alone. So
two elements that no list has are opened and laid side by side. Where they differ in nothing but the
number, by itself or in a name made from it, whatever else they are is shared by all children. Where
they differ in anything more there is no mould, and every child is opened for itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from spec.values import ListOf, Member

Made = TypeVar("Made")

#: Numbers that no list reaches. Equally long, so that names made from them sort alike.
SAMPLES = (1_000_000_007, 1_000_000_009)

#: Children that are opened for themselves before a mould is made: it costs as much as two.
OPENED_BEFORE = 3


class _Differ(Exception):
    """Two samples differ in more than their number."""


class _Number(NamedTuple):
    value: int
    path: str


_Build: TypeAlias = Callable[[_Number], Any]
_Pairs: TypeAlias = tuple[_Number, _Number]


class Mould(Generic[Made]):
    """Makes the children of one structure, each equal to what `open` gives for its number.

    Their paths are `path[number]`.
    """

    def __init__(self) -> None:
        self._left = OPENED_BEFORE
        self._build: _Build | None = None

    def child(self, path: str, index: int, open: Callable[[int], Made]) -> Made:
        """Return the child with this number."""
        if self._build is not None:
            made: Made = self._build(_Number(index, f"{path}[{index}]"))
            return made
        self._left -= 1
        if self._left == 0:
            self._build = _mould(path, open)
        return open(index)


def _mould(path: str, open: Callable[[int], Any]) -> _Build | None:
    one, other = SAMPLES
    numbers = (_Number(one, f"{path}[{one}]"), _Number(other, f"{path}[{other}]"))
    try:
        return _common(open(one), open(other), numbers)
    except _Differ:
        return None


def _common(one: Any, other: Any, numbers: _Pairs) -> _Build | None:
    """Return what makes the value that two samples are given of; None where all are equal."""
    if one is other:
        return None
    if type(one) is not type(other):
        raise _Differ
    match one:
        case str():
            return _name(one, other, numbers)
        case tuple() | list():
            return _several(type(one), one, other, numbers)
        case frozenset():
            return _several(frozenset, sorted(one), sorted(other), numbers)
        case dict():
            return _several(dict, list(one.items()), list(other.items()), numbers)
    return _record(one, other, numbers) if is_dataclass(one) else _plain(one, other, numbers)


def _plain(one: object, other: object, numbers: _Pairs) -> _Build | None:
    if (one, other) == (numbers[0].value, numbers[1].value):
        return _value
    if one != other:
        raise _Differ
    return None


def _value(number: _Number) -> int:
    return number.value


def _name(one: str, other: str, numbers: _Pairs) -> _Build | None:
    """Names within a child begin with its path."""
    if one == other:
        return None
    first, second = numbers
    rest = one.removeprefix(first.path)
    if one == rest or second.path + rest != other:
        raise _Differ
    return lambda number: number.path + rest


def _several(
    make: Callable[[list[Any]], Any], one: Sequence[Any], other: Sequence[Any], numbers: _Pairs
) -> _Build | None:
    if len(one) != len(other):
        raise _Differ
    builds = [_common(a, b, numbers) for a, b in zip(one, other, strict=True)]
    return _filled(make, one, builds)


def _record(one: Any, other: Any, numbers: _Pairs) -> _Build | None:
    """What takes no part in comparing is made anew in each copy, as it was in each sample."""
    builds = [
        _fresh(each.default_factory)
        if not each.compare and each.default_factory is not MISSING
        else _common(getattr(one, each.name), getattr(other, each.name), numbers)
        for each in fields(one)
    ]
    if isinstance(one, Member) and isinstance(one.of, ListOf) and builds[1] is not None:
        raise _Differ  # of a list whose parts are known, a real number picks one
    kept = [getattr(one, each.name) for each in fields(one)]
    return _filled(lambda values: type(one)(*values), kept, builds)


def _fresh(make: Callable[[], Any]) -> _Build:
    return lambda _: make()


def _filled(
    make: Callable[[list[Any]], Any], kept: Sequence[Any], builds: Sequence[_Build | None]
) -> _Build | None:
    """Return what makes something of the parts that are `kept`, but for those that are built."""
    changing = [(place, build) for place, build in enumerate(builds) if build is not None]
    if not changing:
        return None

    def build(number: _Number) -> Any:
        values = list(kept)
        for place, part in changing:
            values[place] = part(number)
        return make(values)

    return build
