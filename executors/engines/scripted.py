"""The engine that does as it is told: says, takes its time, fails, or never answers.

Its outputs are hashes of all it was given, so whoever mixes up an input is found out. Ships with
the product: scheduling tests, faults and demonstrations need no model.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

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
from executors.engines.told import OPS_BY_KIND, outputs_of, said
from executors.usage import Usage


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What to do with one request.

    `latency_s` until the answer, `jitter_s` at most on top, drawn from the driver's seed. `fault`
    answers with a code instead, a `transient` one or not, after the first `words` of a text.
    `stalls`: no answer until the batch is abandoned.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    fault: str | None = None
    transient: bool = False
    words: int = 0
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
            pointwise=kind == "rerank",
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
                yield from _begun(request, behaviour.words)
                code, transient = behaviour.fault, behaviour.transient
                yield wait_s, Fault(request.id, code, "told to fail", transient=transient)
            elif request.op not in self.traits.ops:
                yield wait_s, Fault(request.id, "unsupported-op", f"no {request.op} here")
            elif request.op == "decode":
                yield from _spoken(request, wait_s)
            else:
                yield wait_s, Done(request.id, outputs_of(request))

    def stalls(self, batch: Batch) -> bool:
        """Return whether `batch` will not end by itself."""
        return any(self._behave(request).stalls for request in batch.requests)


def _begun(request: Request, words: int) -> Iterator[tuple[float, Emission]]:
    """Say the first words at once, if there are any to say."""
    if words:
        yield 0.0, FirstToken(request.id)
    for word in said(request)[:words]:
        yield 0.0, Delta(request.id, word)


def _spoken(request: Request, wait_s: float) -> Iterator[tuple[float, Emission]]:
    """Say so many words, with the same time before each."""
    words, usage = said(request), Usage(tokens_in=len((request.args["prompt"] or "").split()))
    yield wait_s / len(words), FirstToken(request.id)
    for number, word in enumerate(words):
        usage = replace(usage, tokens_out=number + 1)
        yield wait_s / len(words) if number else 0.0, Delta(request.id, word, usage)
    yield 0.0, Done(request.id, {"text": "".join(words)}, usage)
