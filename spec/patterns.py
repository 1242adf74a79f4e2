"""The pattern of `each`: text with `{i}`, `{}` and `{name.name}`, read into parts once."""

import re
from dataclasses import dataclass

_PART = re.compile(
    r"\{([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)?\}|\\\{|[^\\{]+|.", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Field:
    """`{name.name}` by its names; `{}` has none; `{i}` is the number of the element."""

    names: tuple[str, ...]

    @property
    def is_number(self) -> bool:
        """Whether this stands for the number of the element, from 1."""
        return self.names == ("i",)


def read_pattern(pattern: str) -> tuple[str | Field, ...] | None:
    r"""Return the parts of `pattern`, or None where a `{` opens no field.

    >>> read_pattern(r"[{i}] {text} \{")
    ('[', Field(names=('i',)), '] ', Field(names=('text',)), ' {')
    """
    parts: list[str | Field] = []
    plain: list[str] = []
    for match in _PART.finditer(pattern):
        text = match[0]
        if text == "{":
            return None
        if not text.startswith("{"):
            plain.append("{" if text == "\\{" else text)
            continue
        parts += ["".join(plain), Field(tuple(match[1].split(".")) if match[1] else ())]
        plain.clear()
    return tuple(part for part in (*parts, "".join(plain)) if part != "")
