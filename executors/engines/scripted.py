"""The engine that does as it is told: says, takes its time, fails, or never answers.

Its outputs are hashes of all it was given, so whoever mixes up an input is found out. Ships with
the product: scheduling tests, faults and demonstrations need no model.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Any

import numpy as np
import orjson

from executors.engines.engine import (
    Batch,
    Delta,
    Done,
    Emission,
    EngineTraits,
    Fault,
    FirstToken,
    Request,
)
from executors.usage import Usage

OPS_BY_KIND = {
    "embedding": frozenset({"embed"}),
    "vector": frozenset({"ingest", "search"}),
    "llm": frozenset({"prefill", "decode"}),
}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What to do with one request.

    `latency_s` until the answer, `jitter_s` at most on top, drawn from the driver's seed. `fault`
    answers with a code instead. `stalls`: no answer until the batch is abandoned.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    fault: str | None = None
    stalls: bool = False


def _at_once(request: Request) -> Behaviour:  # noqa: ARG001  # one behaviour for every request
    return Behaviour()


class Scripted:
    """One replica of any kind. `behave` says what to do with each request."""

    def __init__(
        self,
        kind: str,
        behave: Callable[[Request], Behaviour] = _at_once,
        slots: int = 1,
        batch_rows_max: int = 64,
    ) -> None:
        self._behave = behave
        self.traits = EngineTraits(
            name="scripted",
            model="scripted",
            kind=kind,
            ops=OPS_BY_KIND[kind],
            slots=slots,
            batch_rows_max=batch_rows_max,
            streams=kind == "llm",
            deterministic=True,
            batch_invariant=True,
        )

    async def start(self) -> None:
        """Nothing to load."""

    async def stop(self) -> None:
        """Nothing to give back."""

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Play the script in real time."""
        for wait_s, emission in self.script(batch, Random(batch.id)):
            await asyncio.sleep(wait_s)
            yield emission
        if self.stalls(batch):
            await asyncio.Event().wait()

    def script(self, batch: Batch, random: Random) -> Iterator[tuple[float, Emission]]:
        """Yield each emission with the seconds to wait before it."""
        for request in batch.requests:
            behaviour = self._behave(request)
            if behaviour.stalls:
                continue
            wait_s = behaviour.latency_s + random.uniform(0.0, behaviour.jitter_s)
            if behaviour.fault is not None:
                yield wait_s, Fault(request.id, behaviour.fault, "told to fail")
            elif request.op not in self.traits.ops:
                yield wait_s, Fault(request.id, "unsupported-op", f"no {request.op} here")
            elif request.op == "decode":
                yield from _spoken(request, wait_s)
            else:
                yield wait_s, Done(request.id, _outputs(request))

    def stalls(self, batch: Batch) -> bool:
        """Return whether `batch` will not end by itself."""
        return any(self._behave(request).stalls for request in batch.requests)


def _spoken(request: Request, wait_s: float) -> Iterator[tuple[float, Emission]]:
    """Say four words, a quarter of the time before each."""
    digest = _digest(request)
    words = [f"{digest[start : start + 6]} " for start in range(0, 24, 6)]
    yield wait_s / 4, FirstToken(request.id)
    yield 0.0, Delta(request.id, words[0])
    for word in words[1:]:
        yield wait_s / 4, Delta(request.id, word)
    usage = Usage(tokens_in=len(request.args["prompt"].split()), tokens_out=len(words))
    yield 0.0, Done(request.id, {"text": "".join(words)}, usage)


def _outputs(request: Request) -> dict[str, Any]:
    match request.op:
        case "embed":
            texts = request.args["texts"] or []
            return {"vectors": np.array([_vector(text) for text in texts], np.float32)}
        case "ingest":
            return {"index": {"collection": _digest(request), "version": 1}}
        case "search":
            return {"docs": [_hits(request, vector) for vector in request.args["vectors"]]}
        case _:
            return {"call": _digest(request)}


def _hits(request: Request, vector: Any) -> list[dict[str, Any]]:
    seed = _hash([request.args["index"], vector])
    ids = [_hash([seed, place]) for place in range(request.args["top_k"])]
    return [
        {"id": id, "text": f"passage {id}", "score": 1.0 / (place + 1), "meta": {}}
        for place, id in enumerate(ids)
    ]


def _vector(text: Any) -> list[float]:
    return [byte / 255 for byte in sha256(orjson.dumps(text)).digest()[:8]]


def _digest(request: Request) -> str:
    return _hash([request.op, sorted(request.args.items())])


def _hash(data: Any) -> str:
    return sha256(orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY)).hexdigest()[:32]
