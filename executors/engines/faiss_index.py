"""Search over what the collections hold: by vectors with FAISS, by words with BM25, by both.

The one file that imports `faiss`. It answers requests; where documents are kept, how they are read
and how the best are found is told elsewhere.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import numpy as np

from executors.collection import CollectionError, Doc
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
from executors.engines.flat_vectors import Hit, Rows
from executors.engines.index_cache import IndexCache
from executors.engines.index_request import BadRequest, Ingest, Search
from executors.errors import StorageFailed
from executors.fusion import fuse

TRAITS = EngineTraits(
    name="faiss",
    model="flat inner product, BM25",
    kind="vector",
    ops=frozenset({"ingest", "search"}),
    slots=2,
    batch_rows_max=64,
    streams=False,
    deterministic=True,
    batch_invariant=True,
)

T = TypeVar("T")


class FaissIndex:
    """One replica. Searches see exactly the version their index token names.

    `model` is what makes all vectors here, where there is only one: it is kept with a collection,
    and a collection of another is refused. At most `indexes_max` indexes, of `bytes_max` bytes
    together, are kept beside the one in use.
    """

    def __init__(
        self,
        collections: Collections,
        model: str | None = None,
        indexes_max: int = 64,
        bytes_max: int = 2**30,
    ) -> None:
        self._collections = collections
        self._model = model
        self._cache = IndexCache(indexes_max, bytes_max)
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
        searches: dict[tuple[str, int, str], list[Search]] = {}
        for request in requests:
            if abandoned.is_set():
                return ends
            outcome = _guarded(request, partial(self._prepare, request))
            if isinstance(outcome, Search):
                searches.setdefault(outcome.together, []).append(outcome)
            else:
                ends.append(outcome)
        for together in searches.values():
            if abandoned.is_set():
                return ends
            ends += self._search(together)
        return ends

    def _prepare(self, request: Request) -> Done | Fault | Search:
        match request.op:
            case "ingest":
                return self._ingest(request)
            case "search":
                return Search.of(request, self._collections, self._model)
        detail = f"faiss cannot `{request.op}`; it can `ingest` and `search`."
        return Fault(request.id, "unsupported-op", detail)

    def _ingest(self, request: Request) -> Done:
        asked = Ingest.of(request)
        if asked.docs is None:
            token = self._collections.open(request.tenant, asked.name or "")
        elif asked.into is not None:
            token = self._collections.extend(
                request.tenant, request.run, asked.into, asked.docs, asked.vectors, self._model
            )
        else:
            token = self._collections.add(
                request.tenant, asked.name, request.run, asked.docs, asked.vectors, self._model
            )
        return Done(request.id, {"index": token})

    def _search(self, together: Sequence[Search]) -> list[Done | Fault]:
        found = _guarded(together[0].request, partial(self._found, together))
        if isinstance(found, Fault):
            return [replace(found, request=search.request.id) for search in together]
        by_vector, by_words = found
        return [
            _guarded(search.request, partial(self._told, search, by_vector, by_words))
            for search in together
        ]

    def _found(self, together: Sequence[Search]) -> tuple[Iterator[list[Hit]], Iterator[list[Hit]]]:
        """Return the hits of each vector, and of each text, in the order of the searches."""
        place, version, where = together[0].place, together[0].version, together[0].where
        allowed = self._collections.matching(place, version, where) if where else None
        by_vector = self._by_vector([each for each in together if len(each.vectors)], allowed)
        by_words = self._by_words([each for each in together if each.texts], allowed)
        self._cache.trim()
        return iter(by_vector), iter(by_words)

    def _by_vector(self, searches: Sequence[Search], allowed: Rows | None) -> list[list[Hit]]:
        if not searches:
            return []
        place, version = searches[0].place, searches[0].version
        flat = self._cache.get(place.generation).vectors
        flat.catch_up(self._collections, place, version)
        queries = np.concatenate([search.vectors for search in searches])
        asked = [search.top_k for search in searches for _ in search.vectors]
        return flat.search(place, version, queries, asked, allowed)

    def _by_words(self, searches: Sequence[Search], allowed: Rows | None) -> list[list[Hit]]:
        if not searches:
            return []
        place, version = searches[0].place, searches[0].version
        texts = [text for search in searches for text in search.texts]
        asked = [search.top_k for search in searches for _ in search.texts]
        words = self._cache.get(place.generation).words
        return words.search(self._collections, place, version, texts, asked, allowed)

    def _told(
        self, search: Search, by_vector: Iterator[list[Hit]], by_words: Iterator[list[Hit]]
    ) -> Done:
        # Taken first, so that a failure of this search leaves the others their hits.
        hits = [[next(by_vector) for _ in search.vectors], [next(by_words) for _ in search.texts]]
        nearest, alike = ([self._docs(search, best) for best in each] for each in hits)
        match search.by:
            case "vector":
                docs = nearest
            case "lexical":
                docs = alike
            case _:
                docs = [fuse(both, top_k=search.top_k) for both in zip(nearest, alike, strict=True)]
        return Done(search.request.id, {"docs": docs})

    def _docs(self, search: Search, best: Sequence[Hit]) -> list[Doc]:
        docs = self._collections.docs(search.place, [row for row, _ in best])
        return [{**doc, "score": score} for doc, (_, score) in zip(docs, best, strict=True)]


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
    except EngineFailed as error:
        return Fault(request.id, error.code, str(error))
    except UnicodeEncodeError:
        return Fault(request.id, "bad-value", "A text holds half a surrogate pair.")
    except RuntimeError as error:
        # The one type in which FAISS reports whatever happened to it.
        return Fault(request.id, "engine-error", f"faiss gave up: {error}")


def _load() -> Any:
    try:
        import faiss
    except ImportError as error:
        cure = "Install the extra `embedded` (`make setup` does)."
        raise EngineFailed("engine-unavailable", f"faiss cannot run: {error}.", cure) from error
    return faiss
