"""What can happen. Past tense, with facts only; values stay with whoever holds them."""

from typing import NewType

from executors.usage import Usage
from planner.graph import PoolName, PrimitiveId
from planner.plan import Plan
from planner.structure import Child, Delta, Shape
from spec.records import record

RunId = NewType("RunId", str)
BatchId = NewType("BatchId", int)


@record
class TaskId:
    """One unit of one run: what an engine is asked for once. `unit` is its leader.

    `attempt` counts from 0: what is tried again is another task. So is what was taken back and is
    begun anew: `edition` counts how often anything of the run was taken back before.
    """

    run: RunId
    unit: PrimitiveId
    attempt: int = 0
    edition: int = 0


@record
class Trouble:
    """Why something failed. `code` is a problem type; a `transient` one may be tried again once
    `wait_s` seconds have passed.
    """

    code: str
    detail: str
    primitive: PrimitiveId | None = None
    pool: PoolName | None = None
    transient: bool = False
    wait_s: float = 0.0


@record
class RunAccepted:
    """The store holds `run`; it may start. `deadline` is on the same clock as `now`; `priority`
    adds to that of each step.
    """

    run: RunId
    tenant: str
    plan: Plan
    deadline: float
    priority: int = 0


@record
class RunCancelled:
    """Its owner wants `run` no longer."""

    run: RunId


@record
class Prepared:
    """Everything `task` reads has been put together: `rows` of it may be cut apart, at least 1.

    `op` is what an engine is asked for, and `work` the rows of it, cut apart or not; of a hint,
    about how many `tokens` it is.
    """

    task: TaskId
    rows: int
    op: str = ""
    work: int = 1
    tokens: int = 0


@record
class Settled:
    """What `task`, which needs no engine, computes can be read. `shape` is what is known by it."""

    task: TaskId
    shape: Shape


@record
class Unfolded:
    """A part of the plan of `run` was opened: `child` of the structure at `opening`.

    Its end, where `child` is None; what stands in for a region, where `opening` is.
    """

    run: RunId
    delta: Delta
    opening: PrimitiveId | None = None
    child: Child | None = None


@record
class PrepareFailed:
    """What `task` reads could not be put together."""

    task: TaskId
    trouble: Trouble


@record
class FirstTokenSeen:
    """The engine has read the prompt of the request at `position` in `batch`."""

    batch: BatchId
    position: int


@record
class ItemsClosed:
    """The reply to the request at `position` in `batch` is a list, of which `count` items, all in
    all, will not change any more.
    """

    batch: BatchId
    position: int
    count: int


@record
class PieceDone:
    """The engine has answered the request at `position` in `batch`."""

    batch: BatchId
    position: int
    usage: Usage


@record
class PieceFailed:
    """The engine will not answer the request at `position` in `batch`."""

    batch: BatchId
    position: int
    trouble: Trouble


@record
class BatchEnded:
    """The replica's slot is free again. Every piece of `batch` has been done or failed before."""

    batch: BatchId


@record
class Woke:
    """The time of an earlier `WakeAt` has come."""


Event = (
    RunAccepted
    | RunCancelled
    | Prepared
    | Settled
    | Unfolded
    | PrepareFailed
    | FirstTokenSeen
    | ItemsClosed
    | PieceDone
    | PieceFailed
    | BatchEnded
    | Woke
)
