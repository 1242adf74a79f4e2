"""What answers look like, and the one body that is not a document. None of it leaves this room."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from executors.moments import rfc3339
from executors.store.files import File
from executors.store.record import RunEvent, RunRecord, StepRecord
from executors.store.workflows import StoredWorkflow
from executors.usage import Usage
from spec.model import Document, Input


class RunIn(BaseModel):
    """A run to start: of a stored workflow (`name` or `name@version`) or of an inline document."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    workflow: Annotated[str, Field(max_length=256)] | None = None
    spec: dict[str, Any] | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    priority: Annotated[int, Field(ge=-10, le=10)] = 0
    plan: Any = None  # read by `spec.pass_choice`, as that of a page is


class UsageOut(BaseModel):
    """Tokens, as engines count them; `replies_cut`: replies that ended at their most tokens."""

    tokens_in: int
    tokens_out: int
    tokens_cached: int
    replies_cut: int

    @staticmethod
    def of(usage: Usage) -> "UsageOut":
        """Write `usage`."""
        return UsageOut(
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            tokens_cached=usage.tokens_cached,
            replies_cut=usage.replies_cut,
        )


class FarOut(BaseModel):
    """`done` of `total` `rows`, or `elements`, are over."""

    of: str
    done: int
    total: int


class StepOut(BaseModel):
    """How far a step has come, and where its time went.

    `progress`: what was last told of a step that takes long, while it runs.
    The first work of an engine counts the loading of its model as execution.
    """

    id: str
    status: str
    pool: str | None
    engine: str | None
    model: str | None
    queue_ms: float
    batch_ms: float
    execution_ms: float
    duration_ms: float
    usage: UsageOut
    progress: FarOut | None

    @staticmethod
    def of(step: StepRecord) -> "StepOut":
        """Write `step`."""
        return StepOut(
            id=step.id, status=step.status, pool=step.pool, engine=step.engine, model=step.model,
            queue_ms=step.queue_ms, batch_ms=step.batch_ms, execution_ms=step.execution_ms,
            duration_ms=step.duration_ms, usage=UsageOut.of(step.usage),
            progress=FarOut.model_validate(step.progress, from_attributes=True)
            if step.progress
            else None,
        )  # fmt: skip


class RunOut(BaseModel):
    """A run as it is now. `outputs` are there, complete, once it has succeeded; null before.

    `cancelling`: it has been asked to stop, and an engine still holds some of it.
    """

    id: str
    workflow: str
    version: str
    status: str
    cancelling: bool
    priority: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    duration_ms: float | None
    inputs: dict[str, Any]
    outputs: dict[str, Any] | None
    problem: dict[str, Any] | None
    steps: list[StepOut]
    usage: UsageOut
    last_event: int

    @staticmethod
    def of(run: RunRecord) -> "RunOut":
        """Write `run`; of a file only what names it, not its text."""
        return RunOut(
            id=run.id,
            workflow=run.workflow,
            version=run.version,
            status=run.status,
            cancelling=run.cancelling and run.live,
            priority=run.priority,
            created_at=rfc3339(run.created_at),
            started_at=rfc3339(run.started_at) if run.started_at else None,
            finished_at=rfc3339(run.finished_at) if run.finished_at else None,
            duration_ms=run.duration_ms,
            inputs={id: without_file_text(value) for id, value in run.inputs.items()},
            outputs=dict(run.outputs) if run.status == "succeeded" else None,
            problem=dict(run.problem) if run.problem else None,
            steps=[StepOut.of(step) for step in run.steps.values()],
            usage=UsageOut.of(run.usage),
            last_event=run.last_event,
        )


class RunsOut(BaseModel):
    """A page of runs, newest first."""

    items: list[RunOut]
    next_cursor: str | None


class EventOut(BaseModel):
    """One event of a run."""

    id: int
    event: str
    at: str
    data: dict[str, Any]

    @staticmethod
    def of(event: RunEvent) -> "EventOut":
        """Write `event`."""
        return EventOut(id=event.id, event=event.kind, at=rfc3339(event.at), data=dict(event.data))


class EventsOut(BaseModel):
    """A page of events. Ask on with `after=next_after`; `finished`: nothing will follow."""

    items: list[EventOut]
    next_after: int
    finished: bool


class FileOut(BaseModel):
    """An uploaded file. `characters` is how much text was read out of it."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    characters: int
    created_at: str

    @staticmethod
    def of(file: File) -> "FileOut":
        """Write `file`."""
        return FileOut(
            id=file.id, name=file.name, media_type=file.media_type, size=file.size,
            sha256=file.sha256, characters=len(file.text), created_at=rfc3339(file.created_at),
        )  # fmt: skip


class FilesOut(BaseModel):
    """Every file of the asker, newest first."""

    items: list[FileOut]


class InputOut(BaseModel):
    """A declared input."""

    id: str
    type: str
    required: bool
    default: Any
    json_schema: dict[str, Any]
    description: str

    @staticmethod
    def of(declared: Input) -> "InputOut":
        """Write `declared`."""
        return InputOut(
            id=declared.id, type=str(declared.type), required=declared.required,
            default=declared.default, json_schema=declared.schema or {},
            description=declared.description,
        )  # fmt: skip


class WarningOut(BaseModel):
    """What would make a valid workflow faster: `prompt-order`, `tiny-calls`, `unread-step` or
    `bottleneck`, with its place on the page.
    """

    code: str
    pointer: str
    line: int
    column: int
    detail: str
    cure: str


class SignatureOut(BaseModel):
    """What a workflow or module takes and gives."""

    name: str
    version: str
    description: str
    inputs: list[InputOut]
    outputs: dict[str, str]

    @staticmethod
    def facts(document: Document) -> dict[str, Any]:
        """Return the fields every answer about a document has."""
        return {
            "name": document.name,
            "version": document.version,
            "description": document.description,
            "inputs": [InputOut.of(declared) for declared in document.inputs],
            "outputs": {output.id: str(output.type) for output in document.outputs},
        }


class WorkflowOut(SignatureOut):
    """One version of a workflow, with the text its author sent."""

    media_type: str
    source: str
    created_at: str
    versions: list[str]

    @staticmethod
    def of(stored: StoredWorkflow, document: Document, versions: tuple[str, ...]) -> "WorkflowOut":
        """Write a stored workflow."""
        return WorkflowOut(
            **SignatureOut.facts(document),
            media_type=f"application/{stored.media}",
            source=stored.source.decode(),
            created_at=rfc3339(stored.created_at),
            versions=list(versions),
        )


class PutOut(WorkflowOut):
    """A workflow as it was stored, and what would make it faster."""

    warnings: list[WarningOut]


class WorkflowLine(BaseModel):
    """A workflow in the list: its latest version."""

    name: str
    version: str
    description: str
    created_at: str


class WorkflowsOut(BaseModel):
    """Every workflow of the asker, by name."""

    items: list[WorkflowLine]


class ModuleOut(SignatureOut):
    """A module with its YAML. `shipped`: it came with the service."""

    shipped: bool
    source: str


class ModuleLine(SignatureOut):
    """A module in the list."""

    shipped: bool


class ModulesOut(BaseModel):
    """Every module a workflow may use, by name."""

    items: list[ModuleLine]


class CheckedOut(SignatureOut):
    """What `dry_run` says of a document without a problem. Nothing was stored."""

    valid: bool = True
    warnings: list[WarningOut] = []


class ValidatedOut(BaseModel):
    """Whether a document may be used, everything that is wrong with it, and, if nothing is, what
    would make it faster. Nothing was stored.
    """

    valid: bool
    errors: list[dict[str, Any]]
    warnings: list[WarningOut]


class ProblemOut(BaseModel):
    """A problem document (RFC 9457). Branch on `type` only."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    cure: str
    errors: list[dict[str, Any]] = Field(default_factory=list)


def without_file_text(value: Any) -> Any:
    """Return an input as it is shown: a file without its text."""
    if isinstance(value, list):
        return [without_file_text(item) for item in value]
    if isinstance(value, Mapping) and {"name", "text", "size"} <= value.keys():
        return {key: field for key, field in value.items() if key != "text"}
    return value
