"""What kind of data a value is, told from its exact type alone.

A value of any other type, a subclass included, is opaque: it is handed on and never looked into.
"""

from collections.abc import Mapping
from types import MappingProxyType, NoneType
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["null", "boolean", "number", "string", "list", "object", "opaque"]

_KINDS: Mapping[type, Kind] = MappingProxyType(
    {
        NoneType: "null",
        bool: "boolean",
        int: "number",
        float: "number",
        str: "string",
        list: "list",
        dict: "object",
    }
)
_SHOWN: Mapping[Kind, str] = MappingProxyType(
    {"null": "null", "object": "an object", "opaque": "none of the kinds of data"}
)


def kind_of(value: object) -> Kind:
    """Return the kind of `value`. Integers and numbers are one kind.

    >>> kind_of(1), kind_of(1.5), kind_of(True), kind_of(b"")
    ('number', 'number', 'boolean', 'opaque')
    """
    return _KINDS.get(type(value), "opaque")


def shown_kind(value: object) -> str:
    """Return the kind of `value` as it stands in a sentence."""
    kind = kind_of(value)
    return _SHOWN.get(kind, f"a {kind}")
