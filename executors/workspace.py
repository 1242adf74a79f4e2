"""Between plans and engines: puts together what a task reads, keeps what engines give.

The scheduler decides on shapes alone; the values it decides about are here.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from executors.arrival import check_arrivals
from executors.engines.engine import Request
from executors.errors import StorageFailed, Unjoinable, ValueTooLarge
from executors.memo import Memo
from executors.moments import rfc3339
from executors.scheduler.commands import Piece
from executors.scheduler.events import (
    Prepared,
    PrepareFailed,
    RunId,
    Settled,
    TaskId,
    Trouble,
)
from executors.settled import in_a_row, settled
from executors.values import Ref, Values, weigh
from planner.costs import rows_of
from planner.graph import Output, Primitive, PrimitiveId, RegionId, RunInput, Secret
from planner.growing import GrowingPlan
from planner.plan import Plan
from planner.primitives import OPS, Cut
from planner.structure import Rows, Shape
from planner.unit import Unit
from spec.evaluate import Evaluation, EvaluationError
from spec.values import JSON, AcceptedAt, Leaf, Literal


@dataclass(slots=True)
class _Work:
    """One task that is prepared and not yet answered in full."""

    args: Mapping[str, Any]
    rows: int  #: that are not yet answered
    pieces: dict[int, Mapping[str, Any]] = field(default_factory=dict)  #: outputs by first row
    size: int = 0  #: of all `pieces`


@dataclass(slots=True)
class _Desk:
    """What is laid out for one run."""

    tenant: str
    growing: GrowingPlan
    accepted_at: str
    work: dict[PrimitiveId, tuple[TaskId, _Work]] = field(default_factory=dict)
    lent: dict[PrimitiveId, list[JSON]] = field(default_factory=dict)  #: items, by opening


class Workspace:
    """The values of all live runs, and results that outlive them. `clock` is the driver's."""

    def __init__(self, values: Values, memo: Memo, clock: Callable[[], float]) -> None:
        self._values = values
        self._memo = memo
        self._clock = clock
        self._desks: dict[RunId, _Desk] = {}

    def open(
        self,
        run: RunId,
        tenant: str,
        plan: Plan,
        inputs: Mapping[str, JSON],
        accepted_at: datetime,
    ) -> None:
        """Lay out a desk for `run`. Raise `ValueTooLarge` or `StorageFailed` and keep nothing."""
        try:
            for id, value in inputs.items():
                self._values.put(Ref(run, RunInput(id)), {"value": value})
        except (ValueTooLarge, StorageFailed):
            self._values.drop(run)
            raise
        self._desks[run] = _Desk(tenant, GrowingPlan(plan), rfc3339(accepted_at))

    def growing(self, run: RunId) -> GrowingPlan:
        """Return the plan of a live run, with what it has opened so far."""
        return self._desks[run].growing

    def wants(self, task: TaskId) -> bool:
        """Whether an answer to `task` is still waited for."""
        desk = self._desks.get(task.run)
        return desk is not None and desk.work.get(task.unit, (None,))[0] == task

    def prepare(self, task: TaskId) -> Prepared | Settled | PrepareFailed:
        """Put together every parameter of `task`; count the rows that may be cut apart.

        What needs no engine is computed, and can be read from then on.
        """
        desk = self._desks[task.run]
        unit = desk.growing.unit(task.unit)
        reader = Evaluation(lambda leaf: self._read(task.run, leaf), self._values.value_bytes_max)
        try:
            if unit.computed:
                return self._settle(task, desk, reader)
            return self._lay_out(task, desk, unit, reader)
        except EvaluationError as error:
            code = "too-large" if error.code == "too-large" else "bad-value"
            return PrepareFailed(task, Trouble(code, str(error), task.unit, unit.pool))
        except (StorageFailed, Unjoinable, ValueTooLarge) as error:
            return PrepareFailed(task, Trouble(error.code, str(error), task.unit, unit.pool))

    def _lay_out(self, task: TaskId, desk: _Desk, unit: Unit, reader: Evaluation) -> Prepared:
        args: dict[str, Any] = {}
        for id in unit.members:
            args |= _args(reader, desk.growing.primitive(id))
        cut = _cut(desk, task.unit)
        rows = max(1, len(args[cut.takes] or ())) if cut else 1
        desk.work[task.unit] = (task, _Work(args, rows))
        op = desk.growing.primitive(unit.members[-1]).op
        tokens = about_tokens(args) if unit.warms is not None else 0
        return Prepared(task, rows, op, rows_of(op, args), tokens)

    def _settle(self, task: TaskId, desk: _Desk, reader: Evaluation) -> Settled:
        primitive = desk.growing.primitive(task.unit)
        if primitive.op == "alias":
            (first,) = primitive.reads()
            self._values.share(Ref(task.run, first.primitive), Ref(task.run, task.unit))
            return Settled(task, Shape())
        params = {name: reader.value(value) for name, value in primitive.params.items()}
        outputs, shape = settled(primitive.op, params)
        if "key" in params:
            found = self._memo.recall((desk.tenant, outputs["items"]), self._clock())
            outputs["start"] = found.value if found else None
            shape = Shape(truth=found is not None)
        if "keep_as" in params:
            until = self._clock() + params["keep_ms"] / 1000
            self._memo.keep((desk.tenant, params["keep_as"]), outputs["value"], until)
        self._values.put(Ref(task.run, task.unit), outputs)
        desk.lent.pop(task.unit, None)
        return Settled(task, shape)

    def request(self, piece: Piece, position: int) -> Request:
        """Return what to ask an engine for `piece`, at `position` of its batch."""
        desk = self._desks[piece.task.run]
        args = desk.work[piece.task.unit][1].args
        if cut := _cut(desk, piece.task.unit):
            rows = args[cut.takes] or []
            args = {**args, cut.takes: rows[piece.start : piece.stop]}
        last = desk.growing.unit(piece.task.unit).members[-1]
        return Request(
            id=position,
            op=desk.growing.primitive(last).op,
            args=args,
            run=piece.task.run,
            tenant=desk.tenant,
            attempt=piece.task.attempt,
            priority=piece.priority,
        )

    def lend(self, piece: Piece, items: list[JSON]) -> None:
        """Let what goes over the list that `piece` gives read `items` of it, which may grow."""
        growing = self._desks[piece.task.run].growing
        for structure in growing.fed_by(growing.unit(piece.task.unit).members[-1]):
            self._desks[piece.task.run].lent[structure.opening] = items

    def keep(self, piece: Piece, outputs: Mapping[str, Any]) -> None:
        """Lay aside what an engine gave for `piece`; once it was the last of its task, all of it
        can be read. Raise `ValueTooLarge`, `Unjoinable` or `StorageFailed`.
        """
        desk = self._desks[piece.task.run]
        _, work = desk.work[piece.task.unit]
        work.rows -= piece.stop - piece.start
        if work.rows or work.pieces:  # a piece of several: what is laid aside is bounded too
            work.size += weigh(outputs, self._values.value_bytes_max)
            self._values.check(work.size)
        work.pieces[piece.start] = outputs
        if work.rows:
            return
        if desk.growing.unit(piece.task.unit).warms is not None:
            del desk.work[piece.task.unit]
            return
        last = desk.growing.unit(piece.task.unit).members[-1]
        pieces = [work.pieces[row] for row in sorted(work.pieces)]
        ports = OPS[desk.growing.primitive(last).op].given
        if len(pieces) == 1:
            whole = {port: outputs[port] for port in ports}
        else:
            whole = {port: in_a_row(port, [piece[port] for piece in pieces]) for port in ports}
        self._values.put(Ref(piece.task.run, last), whole)
        del desk.work[piece.task.unit]

    def output(self, run: RunId, primitive: PrimitiveId) -> JSON:
        """Return the value of an output of the workflow."""
        return self._values.get(Ref(run, primitive), "value")

    def forget(self, run: RunId, units: Collection[PrimitiveId], over: RegionId | None) -> None:
        """Let go of `units` and what they gave, but for the exit of the region that is `over`."""
        desk = self._desks[run]
        exit = desk.growing.close(over).exit if over is not None else None
        for leader in units:
            desk.work.pop(leader, None)
            desk.lent.pop(leader, None)
            for id in desk.growing.members(leader) if leader != exit else ():
                self._values.discard(Ref(run, id))
        desk.growing.forget(units)

    def drop(self, run: RunId) -> None:
        """Clear the desk of `run`."""
        self._values.drop(run)
        del self._desks[run]

    @property
    def value_bytes_max(self) -> int:
        """Return what one value may take at most."""
        return self._values.value_bytes_max

    def _lent(self, run: RunId, opening: PrimitiveId, port: str) -> Any:
        """Return what an opening will give, as far as it is there: it waits for a list alone."""
        desk = self._desks[run]
        if port == "items":
            return desk.lent[opening]
        reader = Evaluation(lambda leaf: self._read(run, leaf), self._values.value_bytes_max)
        return reader.value(desk.growing.primitive(opening).params[port])

    def _read(self, run: RunId, leaf: Leaf) -> Any:
        match leaf:
            case Output(giver, port) if giver in self._desks[run].lent:
                return self._lent(run, giver, port)
            case Output(giver, port):
                return self._values.get(Ref(run, giver), port)
            case RunInput():
                return self._values.get(Ref(run, leaf), "value")
            case Rows():
                return [self._values.get(ref, "value") for ref in _rows(run, leaf)]
            case Secret(name):
                return {"secret": name}
            case AcceptedAt():
                return self._desks[run].accepted_at
        raise TypeError(f"{type(leaf).__name__} is of no plan")


def about_tokens(args: Mapping[str, Any]) -> int:
    """Return about how many tokens what a call says has: one for four characters."""
    said = [args.get("system"), args.get("prompt")]
    said += [message.get("content") for message in args.get("messages") or ()]
    return sum(len(text) for text in said if isinstance(text, str)) // 4


def _args(reader: Evaluation, primitive: Primitive) -> dict[str, Any]:
    args = {
        name: value.value if isinstance(value, Literal) else reader.value(value)
        for name, value in primitive.params.items()
        if name != "call"
    }
    check_arrivals(primitive.op, args)
    return args


def _cut(desk: _Desk, unit: PrimitiveId) -> Cut | None:
    return OPS[desk.growing.primitive(unit).op].cut


def _rows(run: RunId, rows: Rows) -> Iterator[Ref]:
    for index in range(rows.count):
        yield Ref(run, f"{rows.path}[{index}]")
