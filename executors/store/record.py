"""What is remembered of one run, and the one function that changes it.

A record is what its events say: `apply` is pure, so the same events give the same record wherever
they are kept. The states and what leads from one to the next:

    queued ── run.started ──> running ── run.finished ──> succeeded, failed, cancelled, expired …
       └────────────────────── run.finished ─────────────────────^

`run.cancelling` changes no state: a run is cancelled when it has finished as that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias

from executors.store.errors import RunOver
from executors.usage import Usage

RunStatus: TypeAlias = Literal[
    "queued", "running", "waiting", "succeeded", "failed", "cancelled", "expired", "quarantined"
]
EventKind: TypeAlias = Literal[
    "run.queued", "run.started", "step.started", "step.progress", "primitive.finished",
    "step.speculated", "step.finished", "output.delta", "output.restarted", "output.finished",
    "run.cancelling", "run.finished",
]  # fmt: skip
LIVE: frozenset[RunStatus] = frozenset({"queued", "running", "waiting"})


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One thing that happened to a run. Ids count from 1 without a gap in each run."""

    id: int
    kind: EventKind
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Far:
    """How much of what a step has most of is over: `done` of `total` rows, or elements."""

    of: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class StepRecord:
    """How far one step has come: `running`, `succeeded`, or what the end of its run made of it.

    Times are sums over its primitives, zero until it has finished. `progress` is what was last told
    of a step that takes long.
    """

    id: str
    status: str
    pool: str | None = None
    engine: str | None = None
    model: str | None = None
    queue_ms: float = 0.0
    batch_ms: float = 0.0
    execution_ms: float = 0.0
    duration_ms: float = 0.0
    usage: Usage = field(default_factory=Usage)
    progress: Far | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, as of event `last_event`. `steps` stand in the order they started.

    `outputs` fill up while the run goes on; only those of a run that has succeeded are complete.
    """

    id: str
    tenant: str
    workflow: str
    version: str
    inputs: Mapping[str, Any]
    created_at: datetime
    priority: int = 0
    status: RunStatus = "queued"
    cancelling: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    problem: Mapping[str, Any] | None = None
    steps: Mapping[str, StepRecord] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    duration_ms: float | None = None
    last_event: int = 0

    @property
    def live(self) -> bool:
        """Whether anything may still happen to the run."""
        return self.status in LIVE


def apply(record: RunRecord, event: RunEvent) -> RunRecord:
    """Return `record` as `event` leaves it. Raise `RunOver` after the end, `KeyError` on a kind
    that is not one, `ValueError` on an id that is not the next.
    """
    if not record.live:
        raise RunOver(record.id, record.status, event.kind)
    if event.id != record.last_event + 1:
        raise ValueError(f"event {event.id} cannot follow event {record.last_event}")
    return replace(record, last_event=event.id, **_RULES[event.kind](record, event))


#: What of a record an event changes, by field.
_Changes: TypeAlias = dict[str, Any]


def _nothing(record: RunRecord, event: RunEvent) -> _Changes:  # noqa: ARG001  # one signature
    return {}


def _started(record: RunRecord, event: RunEvent) -> _Changes:  # noqa: ARG001  # one signature
    return {"status": "running", "started_at": event.at}


def _step_started(record: RunRecord, event: RunEvent) -> _Changes:
    id = event.data["step"]
    step = StepRecord(id, "running", pool=event.data.get("pool"))
    return {"steps": {**record.steps, id: step}}


def _step_progressed(record: RunRecord, event: RunEvent) -> _Changes:
    data = event.data
    known = record.steps.get(data["step"]) or StepRecord(data["step"], "running")
    far = Far(data["of"], data["done"], data["total"])
    return {"steps": {**record.steps, known.id: replace(known, progress=far)}}


def _step_finished(record: RunRecord, event: RunEvent) -> _Changes:
    data = event.data
    id = data["step"]
    known = record.steps.get(id) or StepRecord(id, "running")
    step = replace(
        known,
        status=data["status"],
        engine=data.get("engine"),
        model=data.get("model"),
        queue_ms=data.get("queue_ms", 0.0),
        batch_ms=data.get("batch_ms", 0.0),
        execution_ms=data.get("execution_ms", 0.0),
        duration_ms=data.get("duration_ms", 0.0),
        usage=usage_of(data.get("usage")),
        progress=None,
    )
    return {"steps": {**record.steps, id: step}}


def _primitive_finished(record: RunRecord, event: RunEvent) -> _Changes:
    return {"usage": record.usage + usage_of(event.data.get("usage"))}


def _output_finished(record: RunRecord, event: RunEvent) -> _Changes:
    return {"outputs": {**record.outputs, event.data["output"]: event.data["value"]}}


def _cancelling(record: RunRecord, event: RunEvent) -> _Changes:  # noqa: ARG001  # one signature
    return {"cancelling": True}


def _finished(record: RunRecord, event: RunEvent) -> _Changes:
    data = event.data
    return {
        "status": data["status"],
        "finished_at": event.at,
        "outputs": data.get("outputs") or record.outputs,
        "problem": data.get("problem"),
        "steps": {id: _at_the_end(step, data.get("problem")) for id, step in record.steps.items()},
        "usage": usage_of(data["usage"]) if data.get("usage") else record.usage,
        "duration_ms": data.get("duration_ms"),
    }


def _at_the_end(step: StepRecord, problem: Mapping[str, Any] | None) -> StepRecord:
    """Return `step` as the end of its run leaves it: one that was running has been stopped."""
    if step.status != "running":
        return step
    at_fault = problem is not None and problem.get("step") == step.id
    return replace(step, status="failed" if at_fault else "cancelled")


_RULES: Mapping[str, Callable[[RunRecord, RunEvent], _Changes]] = {
    "run.queued": _nothing,
    "run.started": _started,
    "step.started": _step_started,
    "step.progress": _step_progressed,
    "primitive.finished": _primitive_finished,
    "step.speculated": _nothing,
    "step.finished": _step_finished,
    "output.delta": _nothing,
    "output.restarted": _nothing,
    "output.finished": _output_finished,
    "run.cancelling": _cancelling,
    "run.finished": _finished,
}


def usage_of(data: Mapping[str, int] | None) -> Usage:
    """Read usage as an event carries it; nothing said is nothing used."""
    return Usage(**data) if data else Usage()
