"""What a collection is, as facts: its limits, its state, its tokens and what can be wrong with it.

    CollectionError
    ├── UnknownCollection
    ├── BadName
    ├── BadToken
    ├── StaleIndex
    ├── WrongDimension
    └── CollectionsFull

It knows nothing of how they are kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doc = dict[str, Any]
Token = dict[str, Any]
Vectors = NDArray[np.float32]


class CollectionError(Exception):
    """The root: `code` is a problem type, `detail` what is wrong, `cure` what to do."""

    code = "collection-error"

    def __init__(self, detail: str, cure: str, **facts: object) -> None:
        super().__init__(f"{detail} {cure}")
        self.detail = detail
        self.cure = cure
        self.facts = facts


class UnknownCollection(CollectionError):
    """No collection of that name."""

    code = "unknown-collection"


class BadName(CollectionError):
    """The name is not of the form."""

    code = "bad-name"


class StaleIndex(CollectionError):
    """What the token points at is gone: deleted, dropped with its run, or too old to be told."""

    code = "stale-index"


class WrongDimension(CollectionError):
    """Vectors of another length than those already there."""

    code = "wrong-dimension"


class BadToken(CollectionError):
    """What was handed over as an index is none."""

    code = "bad-value"


class CollectionsFull(CollectionError):
    """A named limit would be passed."""

    code = "too-large"


@dataclass(frozen=True, slots=True)
class CollectionLimits:
    """`rows_max`: documents in one collection, removed ones included while old versions last."""

    rows_max: int = 100_000
    named_max: int = 1_000
    private_max: int = 1_000
    private_bytes_max: int = 2**30


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """A named collection at one moment. `bytes` is what its documents and vectors weigh."""

    name: str
    documents: int
    version: int
    dimension: int | None
    created_at: datetime
    bytes: int


@dataclass(frozen=True, slots=True)
class Place:
    """A collection as a token found it. Versions before `oldest` can no longer be told."""

    key: int
    tenant: str
    name: str | None
    generation: str
    version: int
    oldest: int
    dimension: int | None

    def token(self) -> Token:
        """Return the index token of this version: plain data, meaningful to its tenant alone."""
        token = {"collection": self.name, "generation": self.generation}
        return {**token, "version": self.version}


@dataclass(frozen=True, slots=True)
class Changes:
    """What came and went after some version, up to `place.version`. Rows rise."""

    place: Place
    rows: NDArray[np.int64]
    added: NDArray[np.int64]
    ids: Sequence[str]
    vectors: Vectors
    removed: Mapping[int, int]


def token_parts(token: object) -> tuple[str | None, str, int]:
    """Return the collection's name, generation and version, or raise `BadToken`."""
    match token:
        case {
            "collection": str() | None as name,
            "generation": str(generation),
            "version": int(version),
        }:
            return name, generation, version
    raise BadToken("That is not an index.", "Hand over what `index` gives.")


def stale(name: str | None, version: int) -> StaleIndex:
    """Say that a version of a collection is gone."""
    detail = (
        f"Version {version} of {'the collection of this run' if name is None else name} is gone."
    )
    return StaleIndex(detail, "Open the collection anew.", name=name, version=version)
