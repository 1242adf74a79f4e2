"""Types an author may name: a word, a number of list levels, and whether null is welcome."""

from dataclasses import dataclass, replace

WORDS = (
    "string", "integer", "number", "boolean", "object", "any",
    "file", "doc", "message", "index", "secret", "prompt", "schema",
)  # fmt: skip


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


ANY = Type("any")
