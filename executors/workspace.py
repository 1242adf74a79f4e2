"""Between plans and engines: puts together what a task reads, keeps what engines give.

The scheduler decides on shapes alone; the values it decides about are here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np

from executors.engines.engine import Request
from executors.errors import StorageFailed, Unjoinable, ValueTooLarge
from executors.moments import rfc3339
from executors.scheduler.commands import Piece
from executors.scheduler.events import Prepared, PrepareFailed, RunId, TaskId, Trouble
from executors.values import Ref, Values, weigh
from planner.graph import Output, Primitive, PrimitiveId, RunInput
from planner.plan import Plan
from planner.primitives import OPS, Cut
from spec.evaluate import Evaluation, EvaluationError
from spec.types import Type
from spec.values import JSON, AcceptedAt, Leaf

_KINDS: Mapping[str, type | tuple[type, ...]] = MappingProxyType(
    {"string": str, "prompt": str, "integer": int, "number": (int, float), "boolean": bool}
)


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
    plan: Plan
    accepted_at: str
    work: dict[PrimitiveId, _Work] = field(default_factory=dict)


class Workspace:
    """The values of all live runs."""

    def __init__(self, values: Values) -> None:
        self._values = values
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
                self._values.put(Ref(run, RunInput(id)), value)
        except (ValueTooLarge, StorageFailed):
            self._values.drop(run)
            raise
        self._desks[run] = _Desk(tenant, plan, rfc3339(accepted_at))

    def plan(self, run: RunId) -> Plan:
        """Return the plan of a live run."""
        return self._desks[run].plan

    def prepare(self, task: TaskId) -> Prepared | PrepareFailed:
        """Put together every parameter of `task`; count the rows that may be cut apart."""
        desk = self._desks[task.run]
        unit = desk.plan.units[task.unit]
        args: dict[str, Any] = {}
        reader = Evaluation(lambda leaf: self._read(task.run, leaf), self._values.value_bytes_max)
        try:
            for id in unit.members:
                args |= self._args(reader, desk.plan.graph[id])
        except EvaluationError as error:
            code = "too-large" if error.code == "too-large" else "bad-value"
            return PrepareFailed(task, Trouble(code, str(error), task.unit, unit.pool))
        except StorageFailed as error:
            return PrepareFailed(task, Trouble(error.code, str(error), task.unit, unit.pool))
        cut = _cut(desk.plan, task.unit)
        rows = max(1, len(args[cut.takes] or ())) if cut else 1
        desk.work[task.unit] = _Work(args, rows)
        return Prepared(task, rows)

    def request(self, piece: Piece, position: int) -> Request:
        """Return what to ask an engine for `piece`, at `position` of its batch."""
        desk = self._desks[piece.task.run]
        args = desk.work[piece.task.unit].args
        if cut := _cut(desk.plan, piece.task.unit):
            rows = args[cut.takes] or []
            args = {**args, cut.takes: rows[piece.start : piece.stop]}
        last = desk.plan.units[piece.task.unit].members[-1]
        return Request(
            id=position,
            op=desk.plan.graph[last].op,
            args=args,
            run=piece.task.run,
            tenant=desk.tenant,
        )

    def keep(self, piece: Piece, outputs: Mapping[str, Any]) -> None:
        """Lay aside what an engine gave for `piece`; once it was the last of its task, all of it
        can be read. Raise `ValueTooLarge`, `Unjoinable` or `StorageFailed`.
        """
        desk = self._desks[piece.task.run]
        work = desk.work[piece.task.unit]
        work.size += weigh(outputs, self._values.value_bytes_max)
        self._values.check(work.size)
        work.pieces[piece.start] = outputs
        work.rows -= piece.stop - piece.start
        if work.rows:
            return
        last = desk.plan.units[piece.task.unit].members[-1]
        pieces = [outputs for _, outputs in sorted(work.pieces.items())]
        for port in OPS[desk.plan.graph[last].op].given:
            whole = _joined(port, [outputs[port] for outputs in pieces])
            self._values.put(Ref(piece.task.run, Output(last, port)), whole)
        del desk.work[piece.task.unit]

    def output(self, run: RunId, primitive: PrimitiveId) -> JSON:
        """Return the value of an output of the workflow."""
        return self._values.get(Ref(run, Output(primitive, "value")))

    def drop(self, run: RunId) -> None:
        """Clear the desk of `run`."""
        self._values.drop(run)
        del self._desks[run]

    def _args(self, reader: Evaluation, primitive: Primitive) -> dict[str, Any]:
        inputs = OPS[primitive.op].signature.inputs
        args = {}
        for name, value in primitive.params.items():
            if name != "call":
                args[name] = reader.value(value)
                if not _is_of(args[name], inputs[name].type):
                    detail = f"this is not of the type {inputs[name].type}"
                    raise EvaluationError("wrong-type", name, detail)
                if (limit := _passed(args[name], inputs[name].schema)) is not None:
                    raise EvaluationError("bad-value", name, f"{args[name]} is {limit}")
        return args

    def _read(self, run: RunId, leaf: Leaf) -> Any:
        if isinstance(leaf, AcceptedAt):
            return self._desks[run].accepted_at
        return self._values.get(Ref(run, leaf))


def _cut(plan: Plan, leader: PrimitiveId) -> Cut | None:
    return OPS[plan.graph[leader].op].cut


def _is_of(value: Any, wanted: Type) -> bool:
    """Say whether `value` is of the kind that is wanted. What objects hold is not asked."""
    if value is None or wanted.is_any:
        return wanted.optional or wanted.is_any
    if isinstance(value, np.ndarray):
        return wanted.word == "vector"
    if wanted.lists:
        element = wanted.element()
        return isinstance(value, list) and all(_is_of(item, element) for item in value)
    if isinstance(value, bool):
        return wanted.word == "boolean"
    return isinstance(value, _KINDS.get(wanted.word, dict))


def _passed(value: Any, schema: JSON) -> str | None:
    """Say which of the limits of `schema` a number that was computed in the run passes."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if value < schema.get("minimum", value):
        return f"below {schema['minimum']}, the least there is"
    if value > schema.get("maximum", value):
        return f"above {schema['maximum']}, the most there is"
    return None


def _joined(port: str, parts: list[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    if not isinstance(parts[0], np.ndarray):
        return [row for part in parts for row in part]
    try:
        return np.concatenate(parts)
    except ValueError:
        raise Unjoinable(port) from None
