"""The patterns of authors' schemas: held to ECMAScript and to the engine that takes linear time.

JSON Schema's patterns are those of ECMAScript. The engine has no look-around and no
back-references, and what it makes of a pattern is bounded.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, TypeAlias

from spec.codes import Code
from spec.limits import REGEX_BYTES_MAX, REGEX_CHARS_MAX, REGEXES_BYTES_MAX

Fault: TypeAlias = tuple[Code, str]

#: Tried one after another: a small pattern costs little, and how large another is becomes known.
_SIZES = (16 << 10, 128 << 10, REGEX_BYTES_MAX)
_NOT_TAKEN: Mapping[str, str] = MappingProxyType(
    {
        "reference": "a back-reference cannot be matched in linear time",
        "ahead": "look-ahead cannot be matched in linear time",
        "behind": "look-behind cannot be matched in linear time",
        "flags": "a group is `(…)`, `(?:…)` or `(?<name>…)`; there are no inline flags",
    }
)
_TOKEN = re.compile(
    r"(?P<reference>\\[1-9]|\\k<)|\\.|\[\^?(?:\\.|[^\]\\])*\]"
    r"|(?P<ahead>\(\?[=!])|(?P<behind>\(\?<[=!])|\(\?:|\(\?<|(?P<flags>\(\?)",
    re.DOTALL,
)
_PROPERTY = re.compile(r"(?P<property>\\[pP]\{[^}]*\})|\\.", re.DOTALL)
_REPEAT = re.compile(r"(?P<repeat>\{\d+(?:,\d*)?\})|\\.|\[\^?(?:\\.|[^\]\\])*\]", re.DOTALL)


@dataclass(slots=True)
class Regexes:
    """The patterns of one page so far: each is compiled once, and all together are bounded."""

    spent: int = 0
    known: dict[str, Fault | None] = field(default_factory=dict)

    def fault(self, pattern: str) -> Fault | None:
        """Return the code and the sentence for what is wrong with `pattern`, if anything is."""
        if pattern not in self.known:
            self.known[pattern] = self._fault(pattern)
        return self.known[pattern]

    def _fault(self, pattern: str) -> Fault | None:
        if len(pattern) > REGEX_CHARS_MAX:
            detail = f"a pattern of {len(pattern)} characters, and {REGEX_CHARS_MAX} is the most"
            return "too-large", f"{detail} (`regex_chars_max`)"
        for offset, construct in _not_taken(pattern):
            return "bad-value", f"{_NOT_TAKEN[construct]} (character {offset + 1} of the pattern)"
        if not _ecmascript().is_valid(pattern):
            return (
                "bad-value",
                "it is not a regular expression as JSON Schema has them: ECMAScript's",
            )
        if self.spent >= REGEXES_BYTES_MAX:
            detail = f"the patterns of a page have {REGEXES_BYTES_MAX} bytes together, as programs"
            return "too-large", f"{detail}, at most (`regexes_bytes_max`)"
        return self._compile(pattern)

    def _compile(self, pattern: str) -> Fault | None:
        size = next((size for size in _SIZES if _compiles(pattern, size)), None)
        self.spent += size or REGEX_BYTES_MAX
        if size is not None:
            return None
        if all(_compiles(part, REGEX_BYTES_MAX) for part in _without_size(pattern)):
            detail = f"the pattern has more than {REGEX_BYTES_MAX} bytes as a program"
            return "too-large", f"{detail} (`regex_bytes_max`): repeat less in it"
        return "bad-value", "the engine that matches patterns in linear time does not take it"


def compiled(schema: Mapping[str, Any], *, mask: str | None = None) -> Any:
    """Return a validator for `schema`, whose patterns are matched in linear time; offline.

    What it says of a value has `mask` in its place. Raises `jsonschema_rs.ValidationError` if there
    can be none.
    """
    return _validator(schema, REGEX_BYTES_MAX, mask)


def _validator(schema: Mapping[str, Any], size: int, mask: str | None = None) -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(
        dict(schema),
        offline=True,
        mask=mask,
        validate_formats=True,
        ignore_unknown_formats=False,
        pattern_options=jsonschema_rs.RegexOptions(size_limit=size),
    )


@cache
def _ecmascript() -> Any:
    """Return what says whether a string is a pattern of ECMAScript, without compiling it."""
    return _validator({"format": "regex"}, 0)


def _compiles(pattern: str, size: int) -> bool:
    import jsonschema_rs

    try:
        _validator({"pattern": pattern}, size)
    except jsonschema_rs.ValidationError:
        return False
    return True


def _not_taken(pattern: str) -> Iterator[tuple[int, str]]:
    """Yield every construct that the engine lacks, with its offset."""
    for token in _TOKEN.finditer(pattern):
        if token.lastgroup:
            yield token.start(), token.lastgroup


def _without_size(pattern: str) -> Iterator[str]:
    """Yield what a pattern is made of, without what could make it large."""
    yield from {found[0] for found in _PROPERTY.finditer(pattern) if found["property"]}
    plain = _PROPERTY.sub(lambda found: "a" if found["property"] else found[0], pattern)
    yield _REPEAT.sub(lambda found: "" if found["repeat"] else found[0], plain)
