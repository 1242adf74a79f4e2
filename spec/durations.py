"""Durations as an author writes them: `500ms`, `3s`, `7d`. Knows no clock."""

import re

from spec.limits import INTEGER_MAX

_FORM = re.compile(r"(\d{1,15})(ms|s|m|h|d)")
_MILLISECONDS = (("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000))


def milliseconds(text: str) -> int | None:
    """Return how long `text` says, or None when it is no duration, or none that can be told.

    >>> milliseconds("3s"), milliseconds("1.5s"), milliseconds("0s")
    (3000, None, None)
    """
    match = _FORM.fullmatch(text)
    if match is None or not text.isascii():
        return None
    total = int(match.group(1)) * dict(_MILLISECONDS)[match.group(2)]
    return total if 0 < total <= INTEGER_MAX else None
