"""The closed set of problem types: status, title, what each means and what cures it.

`type` in a problem document is `/problems/<key>`; asking for that address gives the entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One type of problem, as everyone who meets it may rely on."""

    status: HTTPStatus
    title: str
    meaning: str
    cure: str


_BAD = HTTPStatus.BAD_REQUEST
_WRONG = HTTPStatus.UNPROCESSABLE_ENTITY
_MANY = HTTPStatus.TOO_MANY_REQUESTS
_BUSY = HTTPStatus.SERVICE_UNAVAILABLE
_FAULT = HTTPStatus.INTERNAL_SERVER_ERROR

KINDS: Mapping[str, ProblemKind] = MappingProxyType(
    {
        "bad-request": ProblemKind(
            _BAD, "Request is not understood",
            "The request breaks a rule of HTTP.", "Correct the request.",
        ),
        "bad-cursor": ProblemKind(
            _BAD, "Cursor is not one of ours",
            "A page was asked for with a cursor that no page has given out.",
            "Start again without a cursor and follow `next_cursor`.",
        ),
        "event-not-yet": ProblemKind(
            _BAD, "Event has not happened",
            "Events were asked for after one that the run has not reached.",
            "Resume from an id that was received, at most `last`.",
        ),
        "not-found": ProblemKind(
            HTTPStatus.NOT_FOUND, "Not found",
            "The address, or what it names, does not exist (any more).",
            "Check the name or id; list what is there.",
        ),
        "method-not-allowed": ProblemKind(
            HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed",
            "The address exists but does not take this method.",
            "Use a method named in the Allow header.",
        ),
        "not-acceptable": ProblemKind(
            HTTPStatus.NOT_ACCEPTABLE, "No such form of answer",
            "The Accept header names no form this address can answer in.",
            "Accept application/json, or text/event-stream where events are streamed.",
        ),
        "not-cancellable": ProblemKind(
            HTTPStatus.CONFLICT, "Run has ended",
            "A run that has ended another way cannot be cancelled.", "Nothing is left to do.",
        ),
        "not-finished": ProblemKind(
            HTTPStatus.CONFLICT, "Run goes on",
            "Where the time of a run went is known once it has ended.",
            "Ask again when it has: `GET /v1/runs/{run}?wait=60` returns then.",
        ),
        "payload-too-large": ProblemKind(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Body is too large",
            "The body passes a limit; no more of it was read.",
            "Send less, or have the operator raise the limit named.",
        ),
        "unsupported-media-type": ProblemKind(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Media type is not read here",
            "The Content-Type (or Content-Encoding) is none that is read here.",
            "Send one of the types named.",
        ),
        "invalid-body": ProblemKind(
            _WRONG, "Body is not valid",
            "The body is not well-formed, or not of the shape this address takes.",
            "Correct each place in `errors`.",
        ),
        "invalid-workflow": ProblemKind(
            _WRONG, "Workflow is not valid",
            "The document breaks rules of the language.", "Correct each place in `errors`.",
        ),
        "invalid-module": ProblemKind(
            _WRONG, "Module is not valid",
            "The document breaks rules of the language.", "Correct each place in `errors`.",
        ),
        "invalid-input": ProblemKind(
            _WRONG, "Inputs do not fit the workflow",
            "An input is missing, unknown, of the wrong type, or names a file that is not there.",
            "Correct each place in `errors`.",
        ),
        "invalid-parameter": ProblemKind(
            _WRONG, "Parameter is not valid",
            "A query parameter or a header is unknown, missing or out of range.",
            "Correct each entry in `errors`.",
        ),
        "empty-document": ProblemKind(
            _WRONG, "Document has no text",
            "The file holds no text that could be read.",
            "Upload a file with text; run text recognition on a scan first.",
        ),
        "encrypted-document": ProblemKind(
            _WRONG, "Document is encrypted",
            "The file cannot be read without its password.", "Upload it without a password.",
        ),
        "corrupt-document": ProblemKind(
            _WRONG, "Document is damaged",
            "The file is not what its type says.",
            "Open it where it was made and export it again.",
        ),
        "too-large": ProblemKind(
            _WRONG, "Too large", "A value or a document passes a limit.",
            "Make it smaller, or send it in parts.",
        ),
        "too-many-runs": ProblemKind(
            _MANY, "Too many runs at once",
            "As many runs are unfinished as may be.", "Try again after Retry-After seconds.",
        ),
        "queue-full": ProblemKind(
            _MANY, "Queue is full",
            "A pool that the run needs has no room in its queue.",
            "Try again after Retry-After seconds.",
        ),
        "too-many-streams": ProblemKind(
            _MANY, "Too many streams at once",
            "As many event streams are open as may be.",
            "Close one, or read events as JSON pages.",
        ),
        "too-many-uploads": ProblemKind(
            _MANY, "Too many uploads at once",
            "As many uploads are under way as may be.", "Try again after Retry-After seconds.",
        ),
        "store-full": ProblemKind(
            _BUSY, "No room for another run",
            "What unfinished runs hold fills the store.", "Try again after Retry-After seconds.",
        ),
        "files-full": ProblemKind(
            _BUSY, "No room for another file",
            "The files kept here fill their store.", "Delete files that are no longer needed.",
        ),
        "workflows-full": ProblemKind(
            _BUSY, "No room for another workflow",
            "The documents kept here fill their store.", "Delete some that are not needed.",
        ),
        "draining": ProblemKind(
            _BUSY, "Service is stopping",
            "The service is being stopped and takes no new runs.",
            "Try again after Retry-After seconds.",
        ),
        "engine-unavailable": ProblemKind(
            _BUSY, "Engine is not available",
            "Something needed for this is not installed or does not answer.",
            "Run `teola doctor` where the service runs.",
        ),
        "engine-error": ProblemKind(
            _FAULT, "Engine failed",
            "An engine did not answer what it was asked.",
            "Try again; `teola doctor` may name the cause.",
        ),
        "engine-busy": ProblemKind(
            _BUSY, "Engine is busy",
            "The server of an engine takes no more for now.",
            "Try again later, or have the operator give the pool more room.",
        ),
        "engine-timeout": ProblemKind(
            _BUSY, "Engine took too long",
            "The server of an engine gave no sign of life for as long as its pool waits.",
            "Try again; the operator may raise `timeouts` of the pool.",
        ),
        "engine-unauthorised": ProblemKind(
            _FAULT, "Engine refuses our key",
            "The server of an engine does not take the key of its pool.",
            "Have the operator give the pool another key.",
        ),
        "context-overflow": ProblemKind(
            _FAULT, "Too much for the model",
            "What the model was to read and write does not fit its context.",
            "Give it fewer or shorter passages, or choose an engine with a larger context.",
        ),
        "content-refused": ProblemKind(
            _FAULT, "Model refused",
            "The model, or the server in front of it, would not answer this.",
            "Ask differently, or choose another engine.",
        ),
        "too-few-items": ProblemKind(
            _FAULT, "Too few items",
            "A model's list has fewer items than the step has to have.",
            "Ask for fewer, allow more tokens, or ask differently.",
        ),
        "engine-not-started": ProblemKind(
            _FAULT,
            "Engine is not running",
            "Work came to an engine that was not up.",
            "Try again; if it stays, restart the service.",
        ),
        "storage-failed": ProblemKind(
            _BUSY,
            "Storage failed",
            "The data folder cannot be used, or is full.",
            "Free space, or have the operator look at the data folder.",
        ),
        "bad-reply": ProblemKind(
            _FAULT, "Engine answered with something else",
            "An engine's reply is not what the step needs.", "Try again, or ask differently.",
        ),
        "unsupported-op": ProblemKind(
            _FAULT, "Engine cannot do this",
            "The step was sent to an engine that does not do what it asks.",
            "Choose another engine for the step.",
        ),
        "bad-value": ProblemKind(
            _FAULT, "Value does not fit",
            "A value that became known while the run went on is not what a step takes.",
            "See the detail and the author's line.",
        ),
        "timed-out": ProblemKind(
            _FAULT, "A step took too long",
            "A step was not done within its `timeout`, attempts and waiting between them included.",
            "Allow the step more time, or give it a `fallback`.",
        ),
        "deadline-exceeded": ProblemKind(
            _FAULT, "Time is over", "The run was not done in time.",
            "Ask for less, or allow more time.",
        ),
        "unknown-collection": ProblemKind(
            HTTPStatus.NOT_FOUND, "No such collection",
            "No collection has this name.", "Add documents under this name first.",
        ),
        "bad-name": ProblemKind(
            _WRONG, "Name cannot be used",
            "The name is not of the form.", "Use a-z, 0-9, - and _, in parts joined by dots.",
        ),
        "stale-index": ProblemKind(
            _FAULT, "Index is gone",
            "What the index names was deleted, or went with its run.", "Open it again by name.",
        ),
        "wrong-dimension": ProblemKind(
            _FAULT, "Vectors do not fit",
            "The collection was made with another embedding engine.",
            "Use that engine, or another name.",
        ),
        "wrong-model": ProblemKind(
            _FAULT, "Vectors cannot be compared",
            "The vectors of the collection were made by another embedding model.",
            "Use the engine it was made with, or another name.",
        ),
        "internal-error": ProblemKind(
            _FAULT, "Internal error",
            "Something unforeseen went wrong; the service has logged it.",
            "Try again; if it stays, report what you sent.",
        ),
    }
)  # fmt: skip
