"""One batch on its way through an engine: which of its pieces still wait for an answer."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from executors.drivers.closing_items import ClosingItems
from executors.engines.engine import (
    Delta,
    Done,
    Emission,
    EngineFailed,
    Fault,
    FirstToken,
    Request,
)
from executors.errors import StorageFailed, Unjoinable, ValueTooLarge
from executors.performer import Performer
from executors.replies import ListReply, complete
from executors.scheduler.commands import Dispatch, Piece
from executors.scheduler.events import (
    Event,
    FirstTokenSeen,
    ItemsClosed,
    PieceDone,
    PieceFailed,
    Trouble,
)
from executors.usage import NOTHING, Usage
from planner.primitives import OPS


class Unanswered:
    """Turns what an engine emits into events, and holds it to its contract.

    Each piece is answered once; text streamed for a piece is shown as it comes, also while its run
    is being ended. A list that is gone over while it comes is read on the way, and may end a reply
    before the engine does.
    """

    def __init__(self, order: Dispatch, performer: Performer) -> None:
        self._order = order
        self._performer = performer
        self._open: dict[int, Piece] = dict(enumerate(order.pieces))
        self._shown = {at for at, piece in self._open.items() if performer.shows(piece)}
        self._requests: tuple[Request, ...] = ()
        self._so_far: dict[int, Usage] = {}
        self._closing: dict[int, ClosingItems] = {}
        self._stopped: set[int] = set()
        self._steps = {at: performer.step_of(piece.task) for at, piece in self._open.items()}

    def requests(self) -> tuple[Request, ...]:
        """Return what to ask the engine, one request a piece."""
        workspace = self._performer.workspace
        self._requests = tuple(workspace.request(piece, at) for at, piece in self._open.items())
        for at, piece in self._open.items():
            if fed := self._performer.fed_by(piece):
                reply, stops = ListReply(self._requests[at].args), all(each.stops for each in fed)
                self._closing[at] = ClosingItems(reply, stops, workspace.value_bytes_max)
        return self._requests

    @property
    def is_stopped(self) -> bool:
        """Whether all is answered, but not all by the engine: it has nothing more to do."""
        return not self._open and bool(self._stopped)

    def take(self, emission: Emission) -> Event | None:
        """Return what `emission` means for the scheduler, if anything."""
        piece = self._open.get(emission.request)
        if emission.request in self._stopped:
            return None
        if piece is None:
            raise EngineFailed(
                "engine-error", "the engine answered a request twice, or none of ours"
            )
        match emission:
            case FirstToken(request):
                return FirstTokenSeen(self._order.batch, request)
            case Delta():
                return self._said(piece, emission)
            case Done(request, _, usage):
                self._spend(request, usage)
                return self._done(piece, emission)
            case Fault():
                self._spend(emission.request, emission.usage)
                return self._fault(emission)

    def fail_rest(self, why: EngineFailed) -> Iterator[Event]:
        """Yield the failure of every piece that has not been answered; what it cost is counted."""
        for request in list(self._open):
            self._spend(request, self._so_far.get(request, NOTHING))
            yield self._failed(request, Trouble(why.code, str(why), transient=why.transient))

    def _said(self, piece: Piece, delta: Delta) -> Event | None:
        if delta.usage is not None:
            self._so_far[delta.request] = delta.usage
        if delta.request in self._shown:
            self._performer.stream(piece, delta.text)
        return self._read(piece, delta.request, delta.text, delta.usage)

    def _read(self, piece: Piece, request: int, text: str, usage: Usage | None) -> Event | None:
        """Take what closes in a list that is gone over while it comes; it may be the end of it."""
        closing = self._closing.get(request)
        if closing is None or not self._performer.workspace.wants(piece.task):
            return None
        grew = closing.take(text, usage)
        if closing.is_over:
            self._spend(request, closing.usage)
            self._stopped.add(request)
            return self._done(piece, Done(request, {"text": closing.text}, closing.usage))
        if not grew:
            return None
        self._performer.workspace.lend(piece, closing.items)
        return ItemsClosed(self._order.batch, request, len(closing.items))

    def _done(self, piece: Piece, done: Done) -> Event:
        if not self._performer.workspace.wants(piece.task):
            del self._open[done.request]
            return PieceDone(self._order.batch, done.request, done.usage)
        request = self._requests[done.request]
        outputs = complete(request, done.outputs)
        if isinstance(outputs, Fault):
            return self._fault(outputs)
        wrong = _wrong_reply(request, outputs) or self._wrong_items(done.request, outputs)
        if wrong is not None:
            return self._failed(done.request, Trouble("bad-reply", wrong))
        try:
            self._performer.workspace.keep(piece, outputs)
        except (ValueTooLarge, Unjoinable, StorageFailed) as error:
            return self._failed(done.request, Trouble(error.code, str(error)))
        del self._open[done.request]
        return PieceDone(self._order.batch, done.request, done.usage)

    def _wrong_items(self, request: int, outputs: Mapping[str, Any]) -> str | None:
        closing = self._closing.get(request)
        if closing is None or closing.is_part_of(outputs.get("items")):
            return None
        return "the pieces of the reply are not its text"

    def _spend(self, request: int, usage: Usage) -> None:
        self._performer.spend(self._open[request].task.run, self._steps[request], usage)

    def _fault(self, fault: Fault) -> Event:
        transient, wait_s = fault.transient, fault.wait_s
        trouble = Trouble(fault.code, fault.detail, transient=transient, wait_s=wait_s)
        return self._failed(fault.request, trouble)

    def _failed(self, request: int, trouble: Trouble) -> Event:
        piece = self._open.pop(request)
        where = replace(trouble, primitive=piece.task.unit, pool=self._order.pool)
        return PieceFailed(self._order.batch, request, where)


def _wrong_reply(request: Request, outputs: Mapping[str, Any]) -> str | None:
    """Return what is wrong with an answer whose form the operation fixes."""
    op = OPS[request.op]
    missing = [port for port in op.given if port not in outputs]
    if missing:
        return f"the engine gave no {', '.join(missing)}"
    if op.cut is not None:
        asked, given = len(request.args[op.cut.takes] or ()), len(outputs[op.cut.gives])
        if asked != given:
            return f"the engine gave {given} {op.cut.gives} for {asked} {op.cut.takes}"
    return None
