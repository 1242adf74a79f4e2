"""What the `meta` of a document says, as short marks that can be looked up.

Two values have the same mark exactly when they are equal, as the language means it.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

MARK_BYTES = 16


def marks_of(doc: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the marks of a document: of each key and value in its `meta` that is not null."""
    meta = doc.get("meta")
    if isinstance(meta, dict):
        for key, value in meta.items():
            if value is not None:
                yield presence(key)
                yield mark(key, value)


def mark(key: str, value: Any) -> bytes:
    """Return what every document has whose `meta[key]` equals `value`, which is not null.

    >>> mark("n", 1) == mark("n", 1.0), mark("n", 1) == mark("n", True)
    (True, False)
    """
    return _digest([key, _plain(value)])


def presence(key: str) -> bytes:
    """Return what every document has whose `meta[key]` is not null."""
    return _digest([key])


def _plain(value: Any) -> Any:
    """Write numbers that are equal alike."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _digest(data: Any) -> bytes:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=MARK_BYTES).digest()
