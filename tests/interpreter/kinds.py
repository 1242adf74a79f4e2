"""What a made-up page knows of a value: its type, as far as it takes to write what may be read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Optional


@dataclass(frozen=True, slots=True)
class Kind:
    """A type word; a list has an `element`, an object that is described `fields`."""

    word: str
    element: Optional["Kind"] = None
    optional: bool = False
    fields: tuple[tuple[str, "Kind"], ...] = ()

    def listed(self) -> "Kind":
        """Return the kind of a list of this."""
        return Kind("list", self)

    def or_null(self, optional: bool = True) -> "Kind":
        """Return this, with null in it too if `optional`."""
        return replace(self, optional=self.optional or optional)

    def sure(self) -> "Kind":
        """Return this without null."""
        return replace(self, optional=False)

    def is_list_of(self, *words: str) -> bool:
        """Whether this is a list, none of whose elements is null, of one of `words`."""
        element = self.element
        return element is not None and element.word in words and not element.optional


STRING = Kind("string")
INTEGER = Kind("integer")
BOOLEAN = Kind("boolean")
ANY = Kind("any")
DOC = Kind("doc")
INDEX = Kind("index")
MESSAGE = Kind("message")
OBJECT = Kind("object")
STRINGS = STRING.listed()
DOCS = DOC.listed()

Fields = Mapping[str, Kind]


@dataclass(slots=True)
class Sight:
    """The paths that may be read in one place, and what each leads to.

    `load` is how often what stands here is done in one run; lists are cut so that it stays small.
    """

    paths: dict[str, Kind] = field(default_factory=dict)
    load: int = 1
    depth: int = 0

    def inside(self, paths: Fields, *, times: int = 1, deeper: bool = False) -> "Sight":
        """Return what is seen further in, where there are more `paths`; the innermost win."""
        own = {_head(path) for path in paths} & set(_OWN)
        kept = {path: kind for path, kind in self.paths.items() if _head(path) not in own}
        return Sight({**kept, **_opened(paths)}, self.load * times, self.depth + deeper)

    def add(self, paths: Fields) -> None:
        """See more from now on."""
        self.paths |= _opened(paths)

    def of(self, *words: str, optional: bool = False) -> list[str]:
        """Return the paths to values of one of these words."""
        return [
            path
            for path, kind in self.paths.items()
            if kind.word in words and kind.optional == optional
        ]

    def lists_of(self, *words: str) -> list[str]:
        """Return the paths to lists of these words in which nothing is null."""
        return [
            path
            for path, kind in self.paths.items()
            if not kind.optional and kind.is_list_of(*words)
        ]


def is_plain(kind: Kind) -> bool:
    """Whether a value of this kind can be looked into and written down."""
    return kind.word != "index" and (kind.element is None or is_plain(kind.element))


_OWN = ("item", "position", "acc", "items", "loop")


def _head(path: str) -> str:
    return path.partition(".")[0]


def _opened(paths: Fields) -> dict[str, Kind]:
    return dict(_each(paths))


def _each(paths: Fields) -> Iterator[tuple[str, Kind]]:
    for path, kind in paths.items():
        yield path, kind
        inner = {f"{path}.{name}": each.or_null(kind.optional) for name, each in kind.fields}
        yield from _each(inner)
