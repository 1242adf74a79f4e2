"""What a collection is, as facts: its limits, its state, its tokens and what can be wrong with it.

    CollectionError
    ├── UnknownCollection
    ├── BadName
    ├── BadToken
    ├── StaleIndex
    ├── WrongDimension
    ├── WrongModel
    └── CollectionsFull

It knows nothing of how they are kept.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

_CURE = "Use the embedding engine the collection was made with, or another name."

Doc = dict[str, Any]
Token = dict[str, Any]
Vectors = NDArray[np.float32]
#: What can be asked for of a row: the vector that is kept, or the document.
Part = Literal["vector", "doc"]


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


class WrongModel(CollectionError):
    """Vectors of another embedding model than those already there."""

    code = "wrong-model"


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
    """A named collection at one moment. `bytes` is what its documents and vectors weigh.

    `model` is the embedding model its vectors are said to be of, `dimension` their length.
    """

    name: str
    documents: int
    version: int
    dimension: int | None
    model: str | None
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
    model: str | None

    def token(self) -> Token:
        """Return the index token of this version: plain data, meaningful to its tenant alone."""
        token = {"collection": self.name, "generation": self.generation}
        return {**token, "version": self.version}


@dataclass(frozen=True, slots=True)
class Changes:
    """What came and went after some version, up to `place.version`. Rows rise.

    `held` is the part of each row that was asked for, as it is kept.
    """

    place: Place
    rows: NDArray[np.int64]
    added: NDArray[np.int64]
    ids: Sequence[str]
    held: Sequence[bytes]
    removed: Mapping[int, int]

    @property
    def vectors(self) -> Vectors:
        """Return the vectors that were asked for."""
        vectors = np.frombuffer(b"".join(self.held), dtype=np.float32)
        return vectors.reshape(len(self.held), self.place.dimension or 0)

    @property
    def docs(self) -> Sequence[Doc]:
        """Return the documents that were asked for."""
        return [json.loads(doc) for doc in self.held]


@dataclass(frozen=True, slots=True)
class DocsPage:
    """Some documents of a collection in the order they came; `next_row` is None on the last."""

    docs: Sequence[Doc]
    next_row: int | None


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


def fit(place: Place, dimension: int, model: str | None) -> None:
    """Raise `WrongDimension` or `WrongModel` where such vectors do not belong in a collection.

    Where it is not known on either side which model made them, only their length can tell.
    """
    if place.dimension not in (None, dimension):
        detail = f"Vectors of {dimension} numbers do not fit a collection of {place.dimension}."
        raise WrongDimension(detail, _CURE, expected=place.dimension, given=dimension)
    if None not in (model, place.model) and model != place.model:
        detail = f"Vectors of {model} cannot be compared with those of {place.model}."
        raise WrongModel(detail, _CURE, expected=place.model, given=model)
