"""The inline engine: work too small to queue for, and the cutting of texts.

Wiring is done at once on the event loop. Cutting goes to one thread: it is pure Python, and more
threads would only take turns, and the event loop would wait for all of theirs.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from threading import Event
from typing import Any

from executors.engines.engine import Batch, Done, Emission, EngineTraits, Fault, Request
from executors.errors import NoText

#: The tokens of a text.
Tokenize = Callable[[str], list[int]]
#: Cuts a text, a file, a doc or a list of these into docs of at most `size` tokens.
Split = Callable[[Any, int, int, Tokenize], list[dict[str, Any]]]

TRAITS = EngineTraits(
    name="inline",
    model="inline",
    kind="inline",
    ops=frozenset({"chunk", "format", "select"}),
    slots=64,
    batch_rows_max=1,
    streams=False,
    deterministic=True,
    batch_invariant=True,
)


class Abandoned(Exception):
    """Nobody wants the pieces any more."""


class Inline:
    """Answers `format` and `select` with what was put together for them, `chunk` with pieces."""

    traits = TRAITS

    def __init__(self, split: Split, tokenize: Tokenize) -> None:
        self._split = split
        self._tokenize = tokenize
        self._cutter: ThreadPoolExecutor | None = None

    async def start(self) -> None:
        """Make the thread; the splitter loads what it needs when it is first called."""
        if self._cutter is None:
            self._cutter = ThreadPoolExecutor(1, thread_name_prefix="chunk")

    async def stop(self) -> None:
        """Let the cut in hand be finished."""
        cutter, self._cutter = self._cutter, None
        if cutter is not None:
            await asyncio.to_thread(cutter.shutdown)

    async def run(self, batch: Batch) -> AsyncGenerator[Emission, None]:
        """Answer each request in order."""
        loop = asyncio.get_running_loop()
        abandoned = Event()
        try:
            for request in batch.requests:
                if request.op == "chunk":
                    cut = partial(self._chunk, request, abandoned)
                    yield await loop.run_in_executor(self._cutter, cut)
                else:
                    yield self._answer(request)
        finally:
            abandoned.set()

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
                return self._chunk(request, Event())
            case "format":
                return Done(request.id, {"text": request.args["template"]})
            case "select":
                return Done(request.id, {"value": request.args["value"]})
        return Fault(request.id, "unsupported-op", f"inline does not run {request.op}")

    def _chunk(self, request: Request, abandoned: Event) -> Emission:
        args = request.args
        size, overlap = args["size"], args["overlap"]

        def tokenize(text: str) -> list[int]:
            # Every splitter comes by here often: the one place to leave a long cut.
            if abandoned.is_set():
                raise Abandoned
            return self._tokenize(text)

        if not 0 <= overlap < size:
            detail = f"overlap must be less than size: {overlap} is not less than {size}"
            return Fault(request.id, "bad-value", detail)
        try:
            items = self._split(args["text"], size, overlap, tokenize)
            return Done(request.id, {"items": items})
        except NoText as error:
            return Fault(request.id, "bad-value", str(error))
        except Abandoned:
            return Fault(request.id, "aborted", "nobody waits for the pieces any more")
