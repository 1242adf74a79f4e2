"""What a request to an index asks for, read and checked. It knows nothing of how it is answered."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from executors.collection import Doc, Place, Vectors, fit
from executors.collections import Collections
from executors.engines.engine import Request

#: How documents may be looked for.
WAYS = ("vector", "lexical", "hybrid")
WHERE_MAX = 64


class BadRequest(Exception):
    """The arguments of one request are not what the operation takes."""


@dataclass(frozen=True, slots=True)
class Ingest:
    """Documents to add; a collection is only opened where `docs` is None.

    `into`: the token of a private collection that others of the run were just put into.
    """

    name: str | None
    docs: Sequence[Doc] | None
    vectors: Vectors
    into: object = None

    @staticmethod
    def of(request: Request) -> "Ingest":
        """Read a request. Raise `BadRequest`."""
        name, docs = request.args.get("name"), request.args.get("chunks")
        if name is not None and not isinstance(name, str):
            raise BadRequest("`name` must be a string.")
        if docs is None and name is None:
            raise BadRequest("Either `chunks` or `name` is needed.")
        if not docs:
            _check_docs(docs or [])
            return Ingest(name, docs, np.zeros((0, 0), dtype=np.float32))
        _check_docs(docs)
        vectors = _vectors(request)
        if len(vectors) != len(docs):
            raise BadRequest(f"{len(docs)} chunks came with {len(vectors)} vectors.")
        return Ingest(name, docs, vectors, request.args.get("into"))


@dataclass(frozen=True, slots=True)
class Search:
    """Questions to one version of a collection, each of which wants `top_k` documents.

    `vectors` are empty where `by` is lexical, `texts` where it is vector.
    """

    request: Request
    place: Place
    version: int
    by: str
    vectors: Vectors
    texts: Sequence[str]
    top_k: int
    where: Mapping[str, Any]

    @property
    def together(self) -> tuple[str, int, str]:
        """Return what searches have in common that are answered at once."""
        where = json.dumps(self.where, sort_keys=True)
        return self.place.generation, self.version, where

    @staticmethod
    def of(request: Request, collections: Collections, model: str | None) -> "Search":
        """Read a request whose vectors `model` made, if that is known.

        Raise `BadRequest` or a `CollectionError`.
        """
        top_k, by = request.args.get("top_k"), request.args.get("by") or WAYS[0]
        if not isinstance(top_k, int) or isinstance(top_k, bool) or top_k < 1:
            raise BadRequest("`top_k` must be an integer of at least 1.")
        if by not in WAYS:
            raise BadRequest(f"`by` must be one of {', '.join(WAYS)}.")
        where = _where(request)
        vectors = np.zeros((0, 0), dtype=np.float32) if by == "lexical" else _vectors(request)
        texts = [] if by == "vector" else _texts(request)
        if by == "hybrid" and len(texts) != len(vectors):
            raise BadRequest(f"{len(texts)} queries came with {len(vectors)} vectors.")
        token = request.args.get("index")
        place = collections.locate(request.tenant, request.run, token)
        if by != "lexical":
            fit(place, vectors.shape[1], model)
        version = request.args["index"]["version"]
        return Search(request, place, version, by, vectors, texts, top_k, where)


def _vectors(request: Request) -> Vectors:
    given = request.args.get("vectors")
    if not isinstance(given, np.ndarray) or given.ndim != 2 or given.dtype != np.float32:
        raise BadRequest("`vectors` must be rows of float32.")
    if not np.isfinite(given).all():
        raise BadRequest("`vectors` must be finite.")
    return np.ascontiguousarray(given)


def _texts(request: Request) -> list[str]:
    given = request.args.get("queries")
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise BadRequest("`queries` must be a list of strings.")
    return given


def _where(request: Request) -> Mapping[str, Any]:
    given = request.args.get("where") or {}
    if not isinstance(given, dict):
        raise BadRequest("`where` must be an object.")
    if len(given) > WHERE_MAX:
        raise BadRequest(f"`where` names {len(given)} values; {WHERE_MAX} is the most.")
    return given


def _check_docs(docs: object) -> None:
    if not isinstance(docs, list):
        raise BadRequest("`chunks` must be a list of docs.")
    for at, doc in enumerate(docs):
        if not isinstance(doc, dict) or not isinstance(doc.get("id"), str):
            raise BadRequest(f"`chunks[{at}]` is not a doc: it has no id.")
        if not isinstance(doc.get("text"), str):
            raise BadRequest(f"`chunks[{at}]` is not a doc: it has no text.")
