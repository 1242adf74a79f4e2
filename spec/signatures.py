"""What each function wants of its arguments' types, and of what type its result is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from spec.data import common_type
from spec.types import ANY, INTEGER, RECORDS, STRING, Type


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one place takes. `dense` ones take no list whose elements may be null.

    `any` is taken everywhere, so `takes` is never asked about it.
    """

    words: str
    takes: Callable[[Type], bool]
    null: bool = False
    dense: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """The types of one function. The last of `wanted` stands for all further arguments too."""

    wanted: tuple[Wanted, ...]
    gives: Callable[[list[Type]], Type]


def is_text(type: Type) -> bool:
    """Whether values of this type are strings."""
    return type.word == "string" and not type.lists


def is_number(type: Type) -> bool:
    """Whether values of this type are numbers."""
    return type.word in ("integer", "number") and not type.lists


def is_object(type: Type) -> bool:
    """Whether values of this type are objects."""
    return type.word in ("object", *RECORDS) and not type.lists


def element(type: Type) -> Type:
    """Return the type of the elements of a list, which may be an `any` that is one."""
    return type.element() if type.lists else ANY


def _is_list(type: Type) -> bool:
    return type.lists > 0


def _is_list_of(*words: str) -> Callable[[Type], bool]:
    return lambda type: type.lists == 1 and type.word in (*words, "any")


def _flat(given: list[Type]) -> Type:
    inner = element(given[0])
    return (ANY if inner.is_any else inner.element()).listed()


def _rows(given: list[Type]) -> Type:
    return common_type(element(type) for type in given).listed().listed()


def _total(given: list[Type]) -> Type:
    return element(given[0])


def _some(given: list[Type]) -> Type:
    return element(given[0]).or_null()


def _coalesced(given: list[Type]) -> Type:
    return common_type(given).or_null(all(type.optional for type in given))


def _plain(type: Type) -> Callable[[list[Type]], Type]:
    return lambda _: type


ANYTHING = Wanted("a value", lambda _: True, null=True)
LIST = Wanted("a list", _is_list)
STRINGS = Wanted("a string", is_text)
_SIZED = Wanted(
    "a string, a list or an object",
    lambda type: _is_list(type) or is_text(type) or is_object(type),
)
_LISTS = Wanted(
    "a list of lists", lambda type: type.lists > 1 or (type.lists == 1 and type.word == "any")
)
_NUMBERS = Wanted("a list of numbers", _is_list_of("integer", "number"), dense=True)
_ORDERED = Wanted(
    "a list of numbers or of strings", _is_list_of("integer", "number", "string"), dense=True
)
_INTEGER = Wanted("an integer", lambda type: type == INTEGER)

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "len": Rule((_SIZED,), _plain(INTEGER)),
        "first": Rule((LIST,), _some),
        "last": Rule((LIST,), _some),
        "coalesce": Rule((ANYTHING,), _coalesced),
        "compact": Rule(
            (Wanted("a list", _is_list, null=True),),
            lambda given: element(given[0]).or_null(False).listed(),
        ),
        "flatten": Rule((_LISTS,), _flat),
        "unique": Rule((LIST,), lambda given: element(given[0]).listed()),
        "zip": Rule((LIST,), _rows),
        "join": Rule((Wanted("a list", _is_list, dense=True), STRINGS), _plain(STRING)),
        "split": Rule((STRINGS,), _plain(STRING.listed())),
        "lower": Rule((STRINGS,), _plain(STRING)),
        "upper": Rule((STRINGS,), _plain(STRING)),
        "trim": Rule((STRINGS,), _plain(STRING)),
        "sum": Rule((_NUMBERS,), _total),
        "min": Rule((_ORDERED,), _some),
        "max": Rule((_ORDERED,), _some),
        "most_common": Rule((LIST,), _some),
        "range": Rule((_INTEGER,), _plain(INTEGER.listed())),
    }
)
