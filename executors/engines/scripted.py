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
from executors.engines.reading.filling import fill
from executors.ranking import best_first
from executors.usage import Usage

#: Items of a list that nobody said the length of.
LISTED = 3

OPS_BY_KIND = {
    "embedding": frozenset({"embed"}),
    "vector": frozenset({"ingest", "search"}),
    "llm": frozenset({"prefill", "decode"}),
    "rerank": frozenset({"rerank"}),
    "web": frozenset({"web_search"}),
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
    """Say so many words, with the same time before each."""
    words = _reply(request)
    yield wait_s / len(words), FirstToken(request.id)
    yield 0.0, Delta(request.id, words[0])
    for word in words[1:]:
        yield wait_s / len(words), Delta(request.id, word)
    usage = Usage(tokens_in=len((request.args["prompt"] or "").split()), tokens_out=len(words))
    yield 0.0, Done(request.id, {"text": "".join(words)}, usage)


def _reply(request: Request) -> list[str]:
    """Return four words, or the pieces of a list or an object as the step wants it."""
    told = _Told(_digest(request))
    schema = request.args.get("schema")
    match request.args.get("form"):
        case "json":
            return [orjson.dumps(fill(schema or {"type": "object"}, told)).decode()]
        case "list":
            count = request.args.get("items") or LISTED
            each = (_Told(_hash([told.digest, at])) for at in range(count))
            items = [one.text("") if schema is None else fill(schema, one) for one in each]
            pieces = [orjson.dumps(item).decode() for item in items]
            return [f"[{pieces[0]}", *(f", {piece}" for piece in pieces[1:]), "]"]
    return [f"{told.digest[start : start + 6]} " for start in range(0, 24, 6)]


@dataclass(frozen=True, slots=True)
class _Told:
    """Values for an object, all from one digest and the name of the field."""

    digest: str

    def text(self, name: str) -> str:
        return _hash([self.digest, name])[:6]

    def texts(self, name: str) -> list[str]:
        return [_hash([self.digest, name, at])[:6] for at in range(2)]

    def number(self, name: str) -> float:
        return float(int(_hash([self.digest, name])[:2], 16))

    def truth(self, name: str) -> bool:
        return self.number(name) < 128

    def mentions(self, word: str) -> int:
        return int(self.number(word))


def _outputs(request: Request) -> dict[str, Any]:
    match request.op:
        case "embed":
            texts = request.args["texts"] or []
            return {"vectors": np.array([_vector(text) for text in texts], np.float32)}
        case "ingest":
            return {"index": {"collection": _digest(request), "version": 1}}
        case "search":
            return {"docs": [_hits(request, vector) for vector in request.args["vectors"]]}
        case "rerank":
            docs = request.args["docs"]
            scores = [int(_hash([request.args["query"], doc])[:4], 16) / 2**16 for doc in docs]
            return {"docs": best_first(docs, scores, request.args["top_k"])}
        case "web_search":
            return {"docs": _pages(request)}
        case _:
            return {"call": _digest(request)}


def _hits(request: Request, vector: Any) -> list[dict[str, Any]]:
    seed = _hash([request.args["index"], vector])
    ids = [_hash([seed, place]) for place in range(request.args["top_k"])]
    return [
        {"id": id, "text": f"passage {id}", "score": 1.0 / (place + 1), "meta": {}}
        for place, id in enumerate(ids)
    ]


def _pages(request: Request) -> list[dict[str, Any]]:
    seed = _hash(request.args["query"])
    urls = [f"file:{_hash([seed, place])}" for place in range(request.args["top_k"])]
    return [
        {"id": url, "url": url, "title": url[5:11], "text": f"page {url[5:]}", "meta": {}}
        for url in urls
    ]


def _vector(text: Any) -> list[float]:
    return [byte / 255 for byte in sha256(orjson.dumps(text)).digest()[:8]]


def _digest(request: Request) -> str:
    return _hash([request.op, sorted(request.args.items())])


def _hash(data: Any) -> str:
    return sha256(orjson.dumps(data, option=orjson.OPT_SERIALIZE_NUMPY)).hexdigest()[:32]
