"""Whether data is of a type: strictly, with the place of everything that is not.

A string is never a number, 3.0 is never an integer, one value is never a list.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from spec.problems import echo
from spec.source import Pointer
from spec.types import (
    ANY,
    BOOLEAN,
    INTEGER,
    NUMBER,
    OBJECT,
    OPAQUE_WORDS,
    RECORDS,
    STRING,
    Type,
)
from spec.values import JSON


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something at `pointer` that is not of its type."""

    pointer: Pointer
    detail: str


def mismatches(value: JSON, wanted: Type, pointer: Pointer = ()) -> Iterator[Mismatch]:
    """Yield everything in `value` that is not of type `wanted`."""
    if value is None:
        if not wanted.optional and not wanted.is_any:
            yield Mismatch(pointer, f"null, where {article(wanted)} is wanted")
    elif wanted.lists:
        yield from _list_mismatches(value, wanted, pointer)
    elif wanted.word in RECORDS and isinstance(value, dict):
        yield from _record_mismatches(value, wanted.word, pointer)
    elif not _is_of(value, wanted.word):
        yield _mismatch(value, wanted, pointer)


def type_of_data(value: JSON) -> Type:
    """Return the type of plain data."""
    plain = _PLAIN.get(type(value))
    if plain is not None:
        return plain
    if isinstance(value, list):
        given = [type_of_data(item) for item in value if item is not None]
        return common_type(given).or_null(len(given) < len(value)).listed()
    return Type("any", optional=value is None)


def common_type(types: Iterable[Type]) -> Type:
    """Return the type that every one of `types` has, `any` where they differ.

    >>> print(common_type([Type("integer"), Type("number", optional=True)]))
    number?
    """
    found = set(types)
    optional = any(type.optional for type in found)
    plain = {type.or_null(False) for type in found}
    if len(plain) == 1:
        return plain.pop().or_null(optional)
    if plain and all(type.lists for type in plain):
        return common_type(type.element() for type in plain).listed().or_null(optional)
    numbers = bool(plain) and plain <= {INTEGER, NUMBER}
    return (NUMBER if numbers else ANY).or_null(optional)


def article(wanted: Type) -> str:
    """Return a type as it stands in a sentence."""
    if wanted.lists:
        return "a list" if wanted.word == "any" else f"a list (`{wanted}`)"
    vowel = wanted.word[0] in "aeiou"
    return f"{'an' if vowel else 'a'} `{wanted}`"


def _list_mismatches(value: JSON, wanted: Type, pointer: Pointer) -> Iterator[Mismatch]:
    if not isinstance(value, list):
        yield _mismatch(value, wanted, pointer)
        return
    for index, item in enumerate(value):
        yield from mismatches(item, wanted.element(), (*pointer, index))


def _record_mismatches(
    value: Mapping[str, JSON], word: str, pointer: Pointer
) -> Iterator[Mismatch]:
    fields = _given_file(value) if word == "file" else RECORDS[word]
    for name, type in fields.items():
        if name in value:
            yield from mismatches(value[name], type, (*pointer, name))
        elif not type.optional:
            yield Mismatch(pointer, f"a `{word}` needs the field `{name}`")
    for name in value:
        if name not in fields:
            detail = f"a `{word}` has the fields {', '.join(fields)} and no other"
            yield Mismatch((*pointer, name), detail)


def _given_file(value: Mapping[str, JSON]) -> Mapping[str, Type]:
    """A file is handed in by the id of an upload, or inline by name and text."""
    return {"id": STRING} if "id" in value else {"name": STRING, "text": STRING}


def _mismatch(value: JSON, wanted: Type, pointer: Pointer) -> Mismatch:
    if wanted.word in OPAQUE_WORDS and not wanted.lists:
        return Mismatch(pointer, f"{article(wanted)} cannot be written down, only handed on")
    return Mismatch(pointer, f"{echo(value)}, where {article(wanted)} is wanted")


def _is_of(value: JSON, word: str) -> bool:
    test = _TESTS.get(word)
    return test is not None and test(value)


def _is_integer(value: JSON) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_PLAIN: Mapping[type, Type] = MappingProxyType(
    {bool: BOOLEAN, int: INTEGER, float: NUMBER, str: STRING, dict: OBJECT}
)
_TESTS: Mapping[str, Callable[[JSON], bool]] = MappingProxyType(
    {
        "string": lambda value: isinstance(value, str),
        "prompt": lambda value: isinstance(value, str),
        "boolean": lambda value: isinstance(value, bool),
        "integer": _is_integer,
        "number": _is_number,
        "object": lambda value: isinstance(value, dict),
        "schema": lambda value: isinstance(value, dict),
        "any": lambda _: True,
    }
)
