"""Embeddings from any server that speaks OpenAI's API."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from executors.engines.engine import Batch, Done, Emission, EngineTraits, Fault, Request
from executors.engines.firewall import NotSendable, texts
from executors.engines.http_client import Endpoint, HttpClient
from executors.engines.openai_dialects import ANY, Dialect
from executors.engines.server_errors import ServerFailed, costing, not_understood
from executors.usage import Usage, count_of

Vectors = NDArray[np.float32]

#: Texts of one exchange.
TEXTS_MAX = 2_048


class OpenAIEmbeddings:
    """One replica. All texts of a batch are asked for together.

    Every vector has the `dimension` given, or, if none is, that of the first one.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        slots: int = 4,
        dimension: int | None = None,
        dialect: Dialect = ANY,
    ) -> None:
        self._http = HttpClient(endpoint, slots)
        self._model = model
        self._dimension = dimension
        self._dialect = dialect
        self.traits = EngineTraits(
            name="openai",
            model=model,
            kind="embedding",
            ops=frozenset({"embed"}),
            slots=slots,
            batch_rows_max=TEXTS_MAX,
            streams=False,
            deterministic=False,
            batch_invariant=False,
        )

    async def start(self) -> None:
        """Make ready to connect; whether the server is there, the first batch will tell."""
        await self._http.start()

    async def stop(self) -> None:
        """Close every connection."""
        await self._http.stop()

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Embed the texts of all requests together; each alone if the server refuses that."""
        accepted: list[tuple[Request, list[str]]] = []
        for request in batch.requests:
            asked = _asked(request)
            if isinstance(asked, Fault):
                yield asked
            else:
                accepted.append((request, asked))
        try:
            ends: list[Done | Fault] = list(await self._together(accepted))
        except ServerFailed as error:
            spent, error.usage = error.usage, Usage()
            if error.transient or len(accepted) < 2:
                each: list[Done | Fault] = [error.fault(request.id) for request, _ in accepted]
            else:  # one of them is not to its taste
                each = [await self._alone(request, asked) for request, asked in accepted]
            first = replace(each[0], usage=each[0].usage + spent)  # counted once
            ends = [first, *each[1:]]
        for end in ends:
            yield end

    async def _alone(self, request: Request, asked: list[str]) -> Done | Fault:
        try:
            return (await self._together([(request, asked)]))[0]
        except ServerFailed as error:
            return error.fault(request.id)

    async def _together(self, accepted: Sequence[tuple[Request, list[str]]]) -> list[Done]:
        """Return the end of each request. Raise `ServerFailed`."""
        everything = [text for _, asked in accepted for text in asked]
        vectors, tokens = await self._embed(everything)
        ends, first = [], 0
        for request, asked in accepted:
            last = first + len(asked)
            # The server counts tokens for all; each has its share by characters, none is lost.
            share = tokens * _weight(asked) // max(1, _weight(everything[first:]))
            tokens -= share
            outputs = {"vectors": vectors[first:last].copy()}
            ends.append(Done(request.id, outputs, Usage(tokens_in=share)))
            first = last
        return ends

    async def _embed(self, asked: Sequence[str]) -> tuple[Vectors, int]:
        if not asked:
            return np.zeros((0, self._dimension or 0), np.float32), 0
        sent = [text or self._dialect.empty for text in asked]
        body = {"model": self._model, "input": sent, "encoding_format": "float"}
        found = await self._http.ask("/embeddings", body)
        tokens = _tokens(found)
        with costing(Usage(tokens_in=tokens)):
            # Off the loop: a large batch is a million numbers to look at.
            vectors = await asyncio.to_thread(_vectors, found, len(asked))
            if self._dimension is None:
                self._dimension = vectors.shape[1]
            if vectors.shape[1] != self._dimension:
                raise not_understood(
                    f"its vectors have {vectors.shape[1]} numbers, not {self._dimension}"
                )
        return vectors, tokens


def _asked(request: Request) -> list[str] | Fault:
    if request.op != "embed":
        return Fault(request.id, "unsupported-op", f"this engine does not run {request.op}")
    try:
        return texts("texts", request.args.get("texts"))
    except NotSendable as error:
        return Fault(request.id, "bad-request", str(error))


def _weight(asked: Sequence[str]) -> int:
    return sum(len(text) + 1 for text in asked)


def _vectors(found: Any, count: int) -> Vectors:
    """Return the vectors in the order asked. Raise `ServerFailed` for anything but one for each."""
    data = found.get("data") if isinstance(found, dict) else None
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise not_understood("it holds no list `data`")
    rows = {row.get("index"): row.get("embedding") for row in data if _is_index(row.get("index"))}
    if len(data) != count or sorted(rows) != list(range(count)):
        raise not_understood(f"it holds {len(data)} vectors, not one for each of {count} texts")
    try:
        vectors = np.array([rows[at] for at in range(count)], dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise not_understood("its vectors are no numbers, or not of one length") from None
    if vectors.ndim != 2 or vectors.shape[1] == 0:
        raise not_understood("its vectors are no lists of numbers")
    with np.errstate(over="ignore"):
        narrow = vectors.astype(np.float32)
    if not np.isfinite(narrow).all():
        raise not_understood("its vectors hold what is no number")
    return narrow


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _tokens(found: Any) -> int:
    usage = found.get("usage") if isinstance(found, dict) else None
    return count_of(usage.get("prompt_tokens")) if isinstance(usage, dict) else 0
