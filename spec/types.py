"""Types an author may name: a word, a number of list levels, and whether null is welcome."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

WORDS = (
    "string", "integer", "number", "boolean", "object", "any",
    "file", "doc", "message", "index", "secret", "prompt", "schema",
)  # fmt: skip
MODULE_WORDS = ("prompt", "schema")
OPAQUE_WORDS = ("index", "secret")
_FORM = re.compile(r"([a-z][a-z_]*)((?:\[\])*)(\??)")


@dataclass(frozen=True, slots=True)
class Type:
    """`doc[]?` is `Type("doc", lists=1, optional=True)`.

    >>> print(Type("doc", lists=1, optional=True))
    doc[]?
    """

    word: str
    lists: int = 0
    optional: bool = False

    def __str__(self) -> str:
        return self.word + "[]" * self.lists + "?" * self.optional

    def element(self) -> "Type":
        """Return the type of an element of a list of this type."""
        return replace(self, lists=self.lists - 1, optional=False)

    def listed(self) -> "Type":
        """Return the type of a list whose elements are of this type."""
        return replace(self, lists=self.lists + 1, optional=False)

    def or_null(self, optional: bool = True) -> "Type":
        """Return this type, with null welcome as `optional` says."""
        return replace(self, optional=optional)

    @property
    def is_any(self) -> bool:
        """Whether nothing is known of a value of this type, but perhaps that it is not null."""
        return self.word == "any" and not self.lists


ANY = Type("any")
STRING = Type("string")
OBJECT = Type("object")


def parse_type(text: str) -> Type | None:
    """Read a type of the form `word[]?`; whether the word means anything is for the caller.

    >>> parse_type("string[][]?")
    Type(word='string', lists=2, optional=True)
    """
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    return Type(match.group(1), len(match.group(2)) // 2, bool(match.group(3)))


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


_FITTING: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "number": ("integer",),
        "object": ("doc", "file", "message"),
        "prompt": ("string",),
    }
)
