"""What may be ordered, and what is made known. A driver performs them in the order they come."""

from executors.scheduler.events import BatchId, RunId, TaskId, Trouble
from executors.usage import Usage
from planner.graph import PoolName, PrimitiveId, RegionId
from planner.structure import Child, Shape
from spec.records import record


@record
class Prepare:
    """Put together what `task` reads; answer at once with `Prepared` or `PrepareFailed`.

    Where it needs no engine, compute what it gives, and answer with `Settled`.
    """

    task: TaskId


@record
class Unfold:
    """Open `child` of the structure at `opening`, or its end when `over` children are over.

    Answer at once with `Unfolded`, or with `PrepareFailed` of the opening.
    """

    run: RunId
    opening: PrimitiveId
    child: Child | None
    shape: Shape
    over: int = 0


@record
class StandIn:
    """Open what stands in for `region`, which failed. Answer at once with `Unfolded`."""

    run: RunId
    region: RegionId


@record
class Forget:
    """Nothing is wanted any more of `units` of `run`, but what the exit of `region` gave, if one is
    named: it is over.
    """

    run: RunId
    units: tuple[PrimitiveId, ...]
    region: RegionId | None = None


@record
class Piece:
    """Rows `start` to `stop` (not included) of `task`; all of it where it cannot be cut.

    `priority` is what it left the queue by: more is sooner.
    """

    task: TaskId
    start: int
    stop: int
    priority: int = 0


@record
class Dispatch:
    """Run `pieces` as one batch on `replica` of `pool`."""

    batch: BatchId
    pool: PoolName
    replica: int
    pieces: tuple[Piece, ...]


@record
class Abort:
    """Nobody waits for anything in `batch` any more: end it now."""

    batch: BatchId


@record
class WakeAt:
    """Say `Woke` when the clock shows `when`."""

    when: float


@record
class Timing:
    """Seconds from ready to done, without gap or overlap.

    `queue`: until the first piece left. `batch`: afterwards, while no piece was in an engine.
    `execution`: while some piece was. `batch_rows` is the largest batch a piece travelled in.
    """

    queue_s: float
    batch_s: float
    execution_s: float
    rows: int
    batch_rows: int


@record
class RunStarted:
    """`run` has left the queue at the driver's time `at`."""

    run: RunId
    at: float


@record
class StepStarted:
    """The first work of the author's `step` has reached an engine of `pool`."""

    run: RunId
    step: str
    pool: PoolName


@record
class PrimitiveFinished:
    """`primitive` is done, `at` this moment: its outputs may be read from now on.

    `cause` is the work whose end it had waited for last; none where it could begin with its run.
    """

    run: RunId
    primitive: PrimitiveId
    op: str
    pool: PoolName
    replica: int
    at: float
    timing: Timing
    usage: Usage
    cause: PrimitiveId | None = None


@record
class StepProgressed:
    """`done` of `total` are over: rows of `primitive`, or elements of the structure it opens."""

    run: RunId
    primitive: PrimitiveId
    done: int
    total: int
    elements: bool = False


@record
class StepFinished:
    """All primitives of the author's `step` are done; `skipped` if none reached an engine."""

    run: RunId
    step: str
    duration_s: float
    skipped: bool = False


@record
class Speculated:
    """It is known whether what of `run` was begun ahead of the condition at `opening` is `kept`.

    Until then `primitives` of it had been done, and engines had worked `execution_s` on it.
    """

    run: RunId
    opening: PrimitiveId
    kept: bool
    primitives: int
    execution_s: float
    usage: Usage


@record
class RunFinished:
    """The one end of `run`; nothing of it is in any queue or engine."""

    run: RunId
    status: str
    trouble: Trouble | None


Command = (
    Prepare
    | Unfold
    | StandIn
    | Forget
    | Dispatch
    | Abort
    | WakeAt
    | RunStarted
    | StepStarted
    | StepProgressed
    | PrimitiveFinished
    | StepFinished
    | Speculated
    | RunFinished
)
