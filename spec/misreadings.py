"""What authors bring along from other languages, and how it is written in this one."""

from collections.abc import Mapping
from types import MappingProxyType

from spec.scanner import Token

_AFTER_A_VALUE: Mapping[str, str] = MappingProxyType(
    {
        "-": "the only arithmetic is `+`",
        "*": "the only arithmetic is `+`",
        "/": "the only arithmetic is `+`",
        "%": "the only arithmetic is `+`",
        "=": "`=` is not written here: `==` compares, a `value` step names a result",
        "&": "`and` is written as a word",
        "|": "formatters belong in text, as in `{{ name | json }}`; here functions are called",
        "?": "there is no conditional expression: use a step with `if`",
        "if": "there is no conditional expression: use a step with `if`",
        "for": "there is no comprehension: use a step with `for_each`",
        "is": "`==` compares, also with null",
        "!": "`not` is written as a word",
    }
)
_WHERE_A_VALUE_BELONGS: Mapping[str, str] = MappingProxyType(
    {
        "!": "`not` is written as a word",
        "{": "there are no objects in an expression: write them in YAML around it",
        "`": "strings stand in `'` or `\"`",
        "*": "there is nothing to unpack",
    }
)


def misreading(token: Token, *, after_value: bool) -> str | None:
    """Return what to say of a word that does not belong here, where that can be guessed.

    A value either has just ended or has to begin.
    """
    known = _AFTER_A_VALUE if after_value else _WHERE_A_VALUE_BELONGS
    return known.get(str(token.value)) if token.kind in ("name", "sign") else None
