"""Text that spells a model's control tokens, kept from becoming them. Pure.

A chat's template marks where a message ends, and whose the next one is, by tokens such as
`<|im_end|>`. A server reads the whole chat as one text, so a document that spells one ends the
message it stands in and may speak in another role. A word joiner (U+2060) after the first character
of each leaves what a reader sees as it was, and is read as ordinary characters.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os.path import commonprefix
from typing import Any

JOINER = "\u2060"


@dataclass(frozen=True, slots=True)
class ControlTokens:
    """The control tokens of one model, each of at least two characters.

    >>> ControlTokens(("<|end|>",)).apart("a <|end|> b") == "a <\\u2060|end|> b"
    True
    """

    spelled: tuple[str, ...] = ()
    _begin: re.Pattern[str] | None = field(init=False, compare=False, repr=False, default=None)

    def __post_init__(self) -> None:
        if self.spelled:
            # Wherever one begins, also within another: what is left over could be a whole one.
            pattern = re.compile(f"(?={_any_of(self.spelled)}).", re.DOTALL)
            object.__setattr__(self, "_begin", pattern)

    def apart(self, text: str) -> str:
        """Return `text` with nothing in it that is one of the tokens."""
        if self._begin is None:
            return text
        return self._begin.sub(lambda found: found[0] + JOINER, text)

    def message_apart(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return a message, as it goes over the wire, all texts of which are taken apart."""
        return {key: self._each(value) for key, value in message.items()}

    def _each(self, value: Any) -> Any:
        match value:
            case str():
                return self.apart(value)
            case list():
                return [self._each(item) for item in value]
            case dict():
                return {key: self._each(item) for key, item in value.items()}
        return value


def _any_of(texts: Sequence[str]) -> str:
    """Return an expression for the beginning of any of `texts`. What some have in common is read
    once: there are models with thousands.
    """
    common = commonprefix(texts)  # noqa: RUF071  # of texts, not of paths
    rests = defaultdict[str, list[str]](list)
    for text in texts:
        rest = text.removeprefix(common)
        rests[rest[:1]].append(rest)
    if "" in rests:
        return re.escape(common)
    return f"{re.escape(common)}(?:{'|'.join(map(_any_of, rests.values()))})"
