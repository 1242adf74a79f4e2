"""The scripted engine of the plain run, as an engine of the service under a virtual clock.

Both ask the same pure functions, so what differs between two runs is the service's doing.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping
from random import Random
from typing import Any

import numpy as np

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
from planner.primitives import OPS
from tests.interpreter.faults import Script
from tests.interpreter.outcome import Fault as Trouble
from tests.interpreter.retrieval import filled
from tests.interpreter.scripted import Scripted
from tests.interpreter.shelf import ALIASES

#: An answer takes at most so long: of as many as there may be in a run, less than any timeout.
ANSWER_S = 1e-5
SLOW_S = 1e9  # as good as for ever, and still over before the end of the virtual world
_READ = ("prompt", "system", "messages", "tools")
_DERIVED = ("items", "value", "message", "messages")


class Judged:
    """One replica of `pool`. Every answer costs one token in and one out."""

    def __init__(self, pool: str, kind: str, script: Script) -> None:
        self.pool = pool
        self.scripted = Scripted(script, ALIASES)
        self.asked = 0
        self.ahead = 0
        self.traits = EngineTraits(
            name="judged",
            model=pool,
            kind=kind,
            ops=frozenset(op.name for op in OPS.values() if op.kind == kind),
            slots=2,
            batch_rows_max=64,
            streams=kind == "llm",
            deterministic=True,
            batch_invariant=True,
        )

    async def start(self) -> None:
        """Nothing to load."""

    async def stop(self) -> None:
        """Nothing to give back."""

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Answer at once."""
        for _, emission in self.script(batch, Random(batch.id)):
            yield emission

    def stalls(self, batch: Batch) -> bool:
        """Every batch ends by itself."""
        return False

    def script(self, batch: Batch, random: Random) -> Iterator[tuple[float, Emission]]:
        """Yield each emission with the seconds to wait before it."""
        for request in batch.requests:
            if request.op == "partial_prefill":
                yield random.uniform(0, ANSWER_S), self._ahead(request)
                continue
            self.asked += 1
            params = self._params(request)
            slow = self.scripted.takes_ms(request.op, params, request.attempt) > 0
            wait_s = SLOW_S if slow else random.uniform(0, ANSWER_S)
            answer = self.scripted.fails(request.op, params, request.attempt) or self._answer(
                request.op, params
            )
            if isinstance(answer, Trouble):
                yield from self._begun(request, params, random)
                yield wait_s, Fault(request.id, answer.code, answer.detail, answer.transient)
                continue
            if request.op == "decode":
                yield wait_s / 2, FirstToken(request.id)
                yield from _said(request, answer["text"], wait_s / 2, random)
            yield wait_s / 2, Done(request.id, _outputs(request.op, answer), Usage(1, 1))

    def _begun(
        self, request: Request, params: Mapping[str, Any], random: Random
    ) -> Iterator[tuple[float, Emission]]:
        """Say the beginning of what would be said, of a call that fails; never all of it."""
        if request.op == "decode" and random.random() < 0.7:
            answer = self.scripted.answer(request.op, params, self.pool)
            if not isinstance(answer, Trouble):
                text = answer["text"][: random.randrange(len(answer["text"]))]
                yield ANSWER_S / 10, FirstToken(request.id)
                yield from _said(request, text, ANSWER_S, random)

    def _ahead(self, request: Request) -> Emission:
        """Let some hints fail: nothing may come of it."""
        self.ahead += 1
        if self.ahead % 5 == 0:
            return Fault(request.id, "engine-error", "nothing was read ahead")
        return Done(request.id, {}, Usage(1, 1))

    def _answer(self, op: str, params: Mapping[str, Any]) -> Mapping[str, Any] | Trouble:
        if params.get("into") is not None:  # a piece of what the plain run asks for as a whole
            return {"index": filled(params["into"], params["chunks"], params["vectors"])}
        return self.scripted.answer(op, params, self.pool)

    def _params(self, request: Request) -> dict[str, Any]:
        params = dict(request.args)
        if request.op == "decode":
            read = {name: params.pop(name, None) for name in _READ}
            read["tools"] = read["tools"] or []
            params["call"] = self.scripted.answer("prefill", read, self.pool)["call"]
        if params.get("vectors") is not None:
            params["vectors"] = [[float(each) for each in row] for row in params["vectors"]]
        return params


def _said(
    request: Request, text: str, takes_s: float, random: Random
) -> Iterator[tuple[float, Emission]]:
    """Say `text` in pieces that are cut anywhere, in escapes too."""
    at = 0
    while at < len(text):
        size = random.randint(1, max(1, len(text) // random.randint(1, 8)))
        yield takes_s * size / len(text), Delta(request.id, text[at : at + size], Usage(1, 1))
        at += size


def _outputs(op: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an engine says itself; the rest follows from it in the service."""
    outputs = {
        port: value for port, value in answer.items() if port not in _DERIVED or op != "decode"
    }
    if op == "embed":
        outputs["vectors"] = np.array(answer["vectors"], np.float64)
    return outputs
