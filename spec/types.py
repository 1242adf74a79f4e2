"""Types an author may name: a word, a number of list levels, and whether null is welcome."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from spec.records import record

WORDS = (
    "string", "integer", "number", "boolean", "object", "any",
    "file", "doc", "message", "index", "secret", "prompt", "schema",
)  # fmt: skip
MODULE_WORDS = ("prompt", "schema")
OPAQUE_WORDS = ("index", "secret")
DATA_WORDS = (
    "string", "integer", "number", "boolean", "object", "any", "file", "doc", "message",
)  # fmt: skip
_DATA = frozenset(DATA_WORDS)
_FORM = re.compile(r"([a-z][a-z_]*)((?:\??\[\])*)(\??)")


@record
class Type:
    """`doc[]?` is `Type("doc", lists=1, optional=True)`.

    `holes` says of each level of list, the outermost first, whether its elements may be null. No
    author writes that, but it is what a list of values that may be null is.

    >>> print(Type("doc", lists=1, optional=True))
    doc[]?
    >>> print(Type("doc", optional=True).listed())
    doc?[]
    """

    word: str
    lists: int = 0
    optional: bool = False
    holes: tuple[bool, ...] = ()

    def __str__(self) -> str:
        if not self.lists:
            return self.word + "?" * self.optional
        return f"{self.element()}[]{'?' * self.optional}"

    def element(self) -> "Type":
        """Return the type of an element of a list of this type."""
        optional = bool(self.holes and self.holes[0])
        return Type(self.word, self.lists - 1, optional, self.holes[1:])

    def listed(self) -> "Type":
        """Return the type of a list whose elements are of this type."""
        holes = (self.optional, *self.holes) if self.optional or self.holes else ()
        return Type(self.word, self.lists + 1, False, holes)

    def or_null(self, optional: bool = True) -> "Type":
        """Return this type, with null welcome as `optional` says."""
        if self.optional == optional:
            return self
        return Type(self.word, self.lists, optional, self.holes)

    @property
    def is_any(self) -> bool:
        """Whether nothing is known of a value of this type, but perhaps that it is not null."""
        return self.word == "any" and not self.lists

    @property
    def is_opaque(self) -> bool:
        """Whether a value of this type may be handed on whole, but nothing computed from it."""
        return self.word not in _DATA


ANY = Type("any")
STRING = Type("string")
INTEGER = Type("integer")
NUMBER = Type("number")
BOOLEAN = Type("boolean")
OBJECT = Type("object")


def parse_type(text: str) -> Type | None:
    """Read a type of the form `word[]?`; whether the word means anything is for the caller.

    >>> parse_type("string[][]?") == Type("string", lists=2, optional=True)
    True
    >>> parse_type("doc[]?[]") == Type("doc", lists=1, optional=True).listed()
    True
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    type = Type(match.group(1))
    for level in match.group(2).split("]")[:-1]:
        type = type.or_null(level.startswith("?")).listed()
    return type.or_null(bool(match.group(3)))


def _fields(text: str) -> Mapping[str, Type]:
    pairs = (field.split(": ") for field in text.split(", "))
    return MappingProxyType({name: parse_type(word) or ANY for name, word in pairs})


RECORDS: Mapping[str, Mapping[str, Type]] = MappingProxyType(
    {
        "doc": _fields(
            "id: string, text: string, source: string?, position: integer?, parent: string?, "
            "title: string?, url: string?, score: number?, meta: object"
        ),
        "file": _fields(
            "id: string, name: string, media_type: string, size: integer, text: string"
        ),
        "message": _fields(
            "role: string, content: string, tool_calls: object[]?, tool_call_id: string?"
        ),
    }
)


def fits(given: Type, wanted: Type) -> bool:
    """Whether a value of type `given` may be handed to what wants `wanted`, null aside.

    >>> fits(Type("integer"), Type("number")), fits(Type("number"), Type("integer"))
    (True, False)
    """
    if given.is_any:
        return True
    if wanted.is_any:
        return given.word not in OPAQUE_WORDS
    if given.lists and wanted.lists:
        return fits(given.element(), wanted.element())
    if given.lists or wanted.lists:
        return False
    return given.word == wanted.word or given.word in _FITTING.get(wanted.word, ())


def lets_null_in(given: Type, wanted: Type) -> bool:
    """Whether null could come with a value of type `given` to where `wanted` has no place for it.

    >>> lets_null_in(Type("doc", optional=True).listed(), Type("doc", lists=1))
    True
    """
    if given.optional and not wanted.optional:
        return True
    if not (given.lists and wanted.lists):
        return False
    inner = wanted.element()
    return not inner.is_any and lets_null_in(given.element(), inner)


_FITTING: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "number": ("integer",),
        "object": ("doc", "file", "message"),
        "prompt": ("string",),
    }
)
