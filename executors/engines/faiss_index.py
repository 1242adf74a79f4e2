"""Vector search by FAISS over what the collections hold.

The one file that imports `faiss`. It knows requests; where documents are kept and how the nearest
are found is told elsewhere.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np

from executors.collection import CollectionError, Place, Vectors, WrongDimension
from executors.collections import Collections
from executors.engines.engine import (
    Batch,
    Done,
    Emission,
    EngineFailed,
    EngineTraits,
    Fault,
    Request,
)
from executors.engines.flat_vectors import FlatCache, Hit
from executors.errors import StorageFailed

TRAITS = EngineTraits(
    name="faiss",
    model="flat-inner-product",
    kind="vector",
    ops=frozenset({"ingest", "search"}),
    slots=2,
    batch_rows_max=64,
    streams=False,
    deterministic=True,
    batch_invariant=True,
)

T = TypeVar("T")


class BadRequest(Exception):
    """The arguments of one request are not what the operation takes."""


class FaissIndex:
    """One replica. Searches see exactly the version their index token names.

    At most `indexes_max` indexes, of `bytes_max` bytes together, are kept beside the one in use.
    """

    def __init__(
        self, collections: Collections, indexes_max: int = 64, bytes_max: int = 2**30
    ) -> None:
        self._collections = collections
        self._cache = FlatCache(indexes_max, bytes_max)
        self._workers: ThreadPoolExecutor | None = None

    @property
    def traits(self) -> EngineTraits:
        """Return what the scheduler may rely on."""
        return TRAITS

    async def start(self) -> None:
        """Load FAISS; a second call changes nothing."""
        if self._workers is None:
            faiss = await asyncio.to_thread(_load)
            self._cache.faiss = faiss
            # Batches run side by side already; more threads for each would only crowd.
            self._workers = ThreadPoolExecutor(
                TRAITS.slots, "faiss", faiss.omp_set_num_threads, (1,)
            )

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Answer ingests, then searches, those of one index together.

        After an early close nothing is written any more.
        """
        if self._workers is None:
            raise EngineFailed("engine-not-started", "faiss is not loaded.", "Start it.")
        abandoned = threading.Event()
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._workers, self._answer, batch.requests, abandoned)
        try:
            ends = await asyncio.shield(work)
        except asyncio.CancelledError:
            abandoned.set()
            await asyncio.wait([work])
            raise
        for end in ends:
            yield end

    async def stop(self) -> None:
        """Drop all indexes and end the threads; a second call changes nothing."""
        workers, self._workers = self._workers, None
        if workers is not None:
            await asyncio.to_thread(workers.shutdown)
        self._cache.clear()

    def _answer(
        self, requests: Sequence[Request], abandoned: threading.Event
    ) -> list[Done | Fault]:
        ends: list[Done | Fault] = []
        searches: dict[tuple[str, int], list[_Search]] = {}
        for request in requests:
            if abandoned.is_set():
                return ends
            outcome = _guarded(request, partial(self._prepare, request))
            if isinstance(outcome, _Search):
                searches.setdefault((outcome.place.generation, outcome.version), []).append(outcome)
            else:
                ends.append(outcome)
        for together in searches.values():
            if abandoned.is_set():
                return ends
            ends += self._search(together)
        return ends

    def _prepare(self, request: Request) -> "Done | Fault | _Search":
        match request.op:
            case "ingest":
                return self._ingest(request)
            case "search":
                return self._accepted(request)
        detail = f"faiss cannot `{request.op}`; it can `ingest` and `search`."
        return Fault(request.id, "unsupported-op", detail)

    def _ingest(self, request: Request) -> Done:
        name, docs = request.args.get("name"), request.args.get("chunks")
        if name is not None and not isinstance(name, str):
            raise BadRequest("`name` must be a string.")
        if docs is None:
            if name is None:
                raise BadRequest("Either `chunks` or `name` is needed.")
            return Done(request.id, {"index": self._collections.open(request.tenant, name)})
        _check_docs(docs)
        vectors = _vectors(request) if docs else np.zeros((0, 0), dtype=np.float32)
        if len(vectors) != len(docs):
            raise BadRequest(f"{len(docs)} chunks came with {len(vectors)} vectors.")
        token = self._collections.add(request.tenant, name, request.run, docs, vectors)
        return Done(request.id, {"index": token})

    def _accepted(self, request: Request) -> "_Search":
        top_k, token = request.args.get("top_k"), request.args.get("index")
        if not isinstance(top_k, int) or isinstance(top_k, bool) or top_k < 1:
            raise BadRequest("`top_k` must be an integer of at least 1.")
        vectors = _vectors(request)
        place = self._collections.locate(request.tenant, request.run, token)
        if place.dimension not in (None, vectors.shape[1]):
            given, expected = vectors.shape[1], place.dimension
            detail = f"A query of {given} numbers cannot search a collection of {expected}."
            cure = "Use the embedding engine it was made with."
            raise WrongDimension(detail, cure, expected=expected, given=given)
        return _Search(request, place, request.args["index"]["version"], vectors, top_k)

    def _search(self, together: Sequence["_Search"]) -> list[Done | Fault]:
        hits = _guarded(together[0].request, partial(self._hits, together))
        if isinstance(hits, Fault):
            return [replace(hits, request=search.request.id) for search in together]
        ends: list[Done | Fault] = []
        for search in together:
            own, hits = hits[: len(search.vectors)], hits[len(search.vectors) :]
            ends.append(_guarded(search.request, partial(self._told, search, own)))
        return ends

    def _hits(self, together: Sequence["_Search"]) -> list[list[Hit]]:
        place, version = together[0].place, together[0].version
        flat = self._cache.get(place.generation)
        flat.catch_up(self._collections, place, version)
        self._cache.trim()
        queries = np.concatenate([search.vectors for search in together])
        asked = [search.top_k for search in together for _ in search.vectors]
        return flat.search(place, version, queries, asked)

    def _told(self, search: "_Search", hits: list[list[Hit]]) -> Done:
        lists = []
        for best in hits:
            docs = self._collections.docs(search.place, [row for row, _ in best])
            lists.append(
                [{**doc, "score": score} for doc, (_, score) in zip(docs, best, strict=True)]
            )
        return Done(search.request.id, {"docs": lists})


@dataclass(frozen=True, slots=True)
class _Search:
    request: Request
    place: Place
    version: int
    vectors: Vectors
    top_k: int


def _guarded(request: Request, work: Callable[[], T]) -> T | Fault:
    """Return what `work` gives, or the fault that its failure is to the one who asked."""
    try:
        return work()
    except BadRequest as error:
        return Fault(request.id, "bad-value", str(error))
    except CollectionError as error:
        return Fault(request.id, error.code, str(error))
    except StorageFailed as error:
        return Fault(request.id, error.code, str(error), transient=True)
    except UnicodeEncodeError:
        return Fault(request.id, "bad-value", "A text holds half a surrogate pair.")
    except RuntimeError as error:
        # The one type in which FAISS reports whatever happened to it.
        return Fault(request.id, "engine-error", f"faiss gave up: {error}")


def _vectors(request: Request) -> Vectors:
    given = request.args.get("vectors")
    if not isinstance(given, np.ndarray) or given.ndim != 2 or given.dtype != np.float32:
        raise BadRequest("`vectors` must be rows of float32.")
    if not np.isfinite(given).all():
        raise BadRequest("`vectors` must be finite.")
    return np.ascontiguousarray(given)


def _check_docs(docs: object) -> None:
    if not isinstance(docs, list):
        raise BadRequest("`chunks` must be a list of docs.")
    for at, doc in enumerate(docs):
        if not isinstance(doc, dict) or not isinstance(doc.get("id"), str):
            raise BadRequest(f"`chunks[{at}]` is not a doc: it has no id.")
        if not isinstance(doc.get("text"), str):
            raise BadRequest(f"`chunks[{at}]` is not a doc: it has no text.")


def _load() -> Any:
    try:
        import faiss
    except ImportError as error:
        cure = "Install the extra `embedded` (`make setup` does)."
        raise EngineFailed("engine-unavailable", f"faiss cannot run: {error}.", cure) from error
    return faiss
