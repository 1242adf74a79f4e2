"""The inline engine: work too small to queue for, and the cutting of texts.

Wiring is done at once on the event loop. Cutting goes to one thread: it is pure Python, and more
threads would only take turns, and the event loop would wait for all of theirs.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

from executors.engines.engine import Batch, Done, Emission, EngineTraits, Fault, Request
from executors.errors import NoText

#: Cuts a text, file, doc or list of these into docs of at most `size` tokens, or raises `NoText`.
Splitter = Callable[[Any, int, int], list[dict[str, Any]]]

TRAITS = EngineTraits(
    name="inline",
    model="",
    kind="inline",
    ops=frozenset({"chunk", "format", "select"}),
    slots=64,
    batch_rows_max=1,
    streams=False,
    deterministic=True,
    batch_invariant=True,
)


class Inline:
    """Answers `format` and `select` with what was put together for them, `chunk` with pieces."""

    traits = TRAITS

    def __init__(self, split: Splitter) -> None:
        self._split = split
        self._cutter = ThreadPoolExecutor(1, thread_name_prefix="chunk")

    async def start(self) -> None:
        """Nothing to load: the splitter loads what it needs when it is first called."""

    async def stop(self) -> None:
        """Let the cut in hand be finished."""
        self._cutter.shutdown()

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Answer each request in order."""
        loop = asyncio.get_running_loop()
        for request in batch.requests:
            if request.op == "chunk":
                yield await loop.run_in_executor(self._cutter, self._answer, request)
            else:
                yield self._answer(request)

    def script(
        self,
        batch: Batch,
        random: Random,  # noqa: ARG002  # the driver's protocol; nothing here is left to chance
    ) -> Iterator[tuple[float, Emission]]:
        """Answer in no virtual time at all."""
        for request in batch.requests:
            yield 0.0, self._answer(request)

    def stalls(self, batch: Batch) -> bool:  # noqa: ARG002  # the driver's protocol
        """Every batch ends by itself."""
        return False

    def _answer(self, request: Request) -> Emission:
        match request.op:
            case "chunk":
                return self._chunk(request)
            case "format":
                return Done(request.id, {"text": request.args["template"]})
            case "select":
                return Done(request.id, {"value": request.args["value"]})
        return Fault(request.id, "unsupported-op", f"inline does not run {request.op}")

    def _chunk(self, request: Request) -> Emission:
        args = request.args
        size, overlap = args["size"], args["overlap"]
        if not 0 <= overlap < size:
            detail = f"overlap must be less than size: {overlap} is not less than {size}"
            return Fault(request.id, "bad-value", detail)
        try:
            items = self._split(args["text"], size, overlap)
        except NoText as error:
            return Fault(request.id, "bad-value", str(error))
        return Done(request.id, {"items": items})
