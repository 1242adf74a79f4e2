"""Between plans and engines: puts together what a task reads, keeps what engines give.

The scheduler decides on shapes alone; the values it decides about are here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from executors.engines.engine import Request
from executors.errors import ValueTooLarge
from executors.scheduler.commands import Piece
from executors.scheduler.events import Prepared, PrepareFailed, RunId, TaskId, Trouble
from executors.values import Ref, Values
from planner.graph import Output, PrimitiveId, RunInput
from planner.plan import Plan
from planner.primitives import OPS, Cut
from spec.evaluate import Evaluation, EvaluationError
from spec.values import JSON, Leaf


@dataclass(slots=True)
class _Desk:
    """What is laid out for one run."""

    tenant: str
    plan: Plan
    args: dict[PrimitiveId, dict[str, Any]] = field(default_factory=dict)
    pieces: dict[PrimitiveId, dict[int, Mapping[str, Any]]] = field(default_factory=dict)


class Workspace:
    """The values of all live runs."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._desks: dict[RunId, _Desk] = {}

    def open(self, run: RunId, tenant: str, plan: Plan, inputs: Mapping[str, JSON]) -> None:
        """Lay out a desk for `run`. Raise `ValueTooLarge` and keep nothing if an input is."""
        try:
            for id, value in inputs.items():
                self._values.put(Ref(run, RunInput(id)), value)
        except ValueTooLarge:
            self._values.drop(run)
            raise
        self._desks[run] = _Desk(tenant, plan)

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
                for name, value in desk.plan.graph[id].params.items():
                    if name != "call":
                        args[name] = reader.value(value)
        except EvaluationError as error:
            code = "too-large" if error.code == "too-large" else "bad-value"
            return PrepareFailed(task, Trouble(code, str(error), task.unit, unit.pool))
        desk.args[task.unit] = args
        cut = _cut(desk.plan, task.unit)
        return Prepared(task, max(1, len(args[cut.takes] or ())) if cut else 1)

    def request(self, piece: Piece, position: int) -> Request:
        """Return what to ask an engine for `piece`, at `position` of its batch."""
        desk = self._desks[piece.task.run]
        args = desk.args[piece.task.unit]
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
        """Lay aside what an engine gave for `piece` until its task is complete.

        Raise `ValueTooLarge` when the task would then give more than one value may hold.
        """
        kept = self._desks[piece.task.run].pieces.setdefault(piece.task.unit, {})
        self._values.weigh(outputs, *kept.values())
        kept[piece.start] = outputs

    def finish(self, run: RunId, primitive: PrimitiveId) -> None:
        """Join what was kept for `primitive`; from now on it can be read."""
        desk = self._desks[run]
        op = OPS[desk.plan.graph[primitive].op]
        if op.continues is None and desk.plan.units[primitive].members[-1] != primitive:
            return  # the head of a call gives nothing but the right to go on
        leader = desk.plan.graph[primitive].call or primitive
        pieces = [outputs for _, outputs in sorted(desk.pieces.pop(leader).items())]
        del desk.args[leader]
        for port in op.signature.outputs:
            whole = _joined([outputs[port] for outputs in pieces])
            self._values.put(Ref(run, Output(primitive, port)), whole)

    def output(self, run: RunId, primitive: PrimitiveId) -> JSON:
        """Return the value of an output of the workflow."""
        return self._values.get(Ref(run, Output(primitive, "value")))

    def drop(self, run: RunId) -> None:
        """Clear the desk of `run`."""
        self._values.drop(run)
        del self._desks[run]

    def _read(self, run: RunId, leaf: Leaf) -> Any:
        return self._values.get(Ref(run, leaf))


def _cut(plan: Plan, leader: PrimitiveId) -> Cut | None:
    return OPS[plan.graph[leader].op].cut


def _joined(parts: list[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    return [row for part in parts for row in part]
