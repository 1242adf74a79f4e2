"""The pattern of `each`: text with `{i}`, `{}` and `{name.name}`, read into parts once."""

import re
from dataclasses import dataclass

_FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)?\}")


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
    index = 0
    while index < len(pattern):
        if pattern.startswith("\\{", index):
            plain.append("{")
            index += 2
        elif pattern[index] == "{":
            match = _FIELD.match(pattern, index)
            if match is None:
                return None
            names = tuple(match.group(1).split(".")) if match.group(1) else ()
            parts += ["".join(plain), Field(names)]
            plain.clear()
            index = match.end()
        else:
            plain.append(pattern[index])
            index += 1
    return tuple(part for part in (*parts, "".join(plain)) if part != "")
