"""The inline engine: work too small to queue for, and the cutting of texts.

Wiring is done at once on the event loop. Cutting goes to one thread, merging of much too: they are
pure Python; more threads would only take turns, and the event loop would wait for all of theirs.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from threading import Event
from typing import Any

from executors.engines.engine import Batch, Done, Emission, EngineTraits, Fault, Request
from executors.errors import NoText
from executors.fusion import WAYS, fuse
from spec import meter
from spec.kinds import kind_of

#: The tokens of a text.
Tokenize = Callable[[str], list[int]]
#: Cuts a text, a file, a doc or a list of these into docs of at most `size` tokens.
Split = Callable[[Any, int, int, Tokenize], list[dict[str, Any]]]

TRAITS = EngineTraits(
    name="inline",
    model="inline",
    kind="inline",
    ops=frozenset({"aggregate", "chunk", "format", "merge_top_k", "select"}),
    slots=64,
    batch_rows_max=1,
    streams=False,
    deterministic=True,
    batch_invariant=True,
)
#: So many docs are merged on the event loop: about two milliseconds.
MERGED_AT_ONCE_MAX = 500


class Abandoned(Exception):
    """Nobody wants the pieces any more."""


class Unfit(Exception):
    """What was to be merged or joined cannot be; the message says what of it."""


class Inline:
    """Answers with what was put together, merged or joined; `chunk` with pieces."""

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
                if _is_long(request):
                    work = partial(self._answer, request, abandoned)
                    yield await loop.run_in_executor(self._cutter, work)
                else:
                    yield self._answer(request, abandoned)
        finally:
            abandoned.set()

    def script(
        self,
        batch: Batch,
        random: Random,  # noqa: ARG002  # the driver's protocol; nothing here is left to chance
    ) -> Iterator[tuple[float, Emission]]:
        """Answer in no virtual time at all."""
        for request in batch.requests:
            yield 0.0, self._answer(request, Event())

    def stalls(self, batch: Batch) -> bool:  # noqa: ARG002  # the driver's protocol
        """Every batch ends by itself."""
        return False

    def _answer(self, request: Request, abandoned: Event) -> Emission:
        match request.op:
            case "aggregate":
                return _aggregate(request)
            case "chunk":
                return self._chunk(request, abandoned)
            case "format":
                return _format(request)
            case "merge_top_k":
                return _merge(request)
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


def _is_long(request: Request) -> bool:
    if request.op != "merge_top_k":
        return request.op == "chunk"
    lists = (docs for docs in request.args["lists"] if isinstance(docs, list))
    return sum(map(len, lists)) > MERGED_AT_ONCE_MAX


def _format(request: Request) -> Emission:
    text, doc = request.args["template"], request.args.get("doc")
    placed = None if doc is None else {**doc, "text": text}
    return Done(request.id, {"text": text, "doc": placed})


def _aggregate(request: Request) -> Emission:
    try:
        lists = _lists(request.args["lists"], "message")
    except Unfit as error:
        return Fault(request.id, "bad-value", str(error))
    return Done(request.id, {"messages": [message for each in lists for message in each]})


def _merge(request: Request) -> Emission:
    args = request.args
    try:
        if args["by"] not in WAYS:
            raise Unfit(f"`by` is none of {', '.join(WAYS)}")
        lists = _lists(args["lists"], "doc")
        _check_scores(lists)
        docs = fuse(lists, args["by"], args["k"], args["top_k"])
    except Unfit as error:
        return Fault(request.id, "bad-value", str(error))
    except meter.Fault as fault:
        return Fault(request.id, fault.code, f"these lists cannot be merged: {fault.detail}")
    return Done(request.id, {"docs": docs})


def _lists(given: Sequence[Any], what: str) -> list[list[dict[str, Any]]]:
    """Return the lists that are not null, all of them of objects."""
    for at, each in enumerate(given):
        if not isinstance(each, list | None):
            raise Unfit(f"lists[{at}] is not a list of {what}s")
        for place, item in enumerate(each or ()):
            if not isinstance(item, dict):
                raise Unfit(f"lists[{at}][{place}] is not a {what}")
    return [each for each in given if each is not None]


def _check_scores(lists: Sequence[Sequence[dict[str, Any]]]) -> None:
    for doc in (doc for docs in lists for doc in docs):
        if kind_of(doc.get("score")) not in ("null", "number"):
            raise Unfit(f"the score of {doc.get('id')} is not a number")
