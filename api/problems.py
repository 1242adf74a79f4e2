"""Every error as a problem document: one table says which, and what its status is.

Nothing below this room knows HTTP. The text of an unforeseen exception is never sent.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from api.logs import logger
from api.problem_kinds import KINDS
from executors.collection import CollectionError
from executors.errors import NotCancellable, NotFinished, Refused, StorageFailed, ValueTooLarge
from executors.store.errors import BadCursor, FutureEvent, Unknown
from planner.errors import IllegalGraph
from spec.codes import CODES
from spec.problems import SpecError

MEDIA_TYPE = "application/problem+json"


class ApiProblem(Exception):
    """An answer that is a problem: `slug` is a key of `KINDS`.

    `page` shows the same to someone at a terminal, where it is about a document.
    """

    def __init__(
        self,
        slug: str,
        detail: str,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        page: str | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.slug = slug
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.page = page
        self.members = members


def from_spec(slug: str, error: SpecError, within: str = "") -> ApiProblem:
    """Say what is wrong with a document; `within` is where in the body it stands."""
    count = len(error.problems) + error.more
    number = "1 problem" if count == 1 else f"{count} problems"
    errors = []
    for problem in error.problems:
        entry = problem.as_json()
        if problem.pointer is not None:
            entry["pointer"] = within + problem.pointer
        errors.append({**entry, "cure": CODES[problem.code].cure})
    return ApiProblem(slug, f"{number} in {error.source}", errors, page=str(error))


def problem_of(error: Exception) -> ApiProblem:
    """Return the problem that `error` is to whoever asked."""
    for kind in type(error).__mro__:
        if kind in _PROBLEMS:
            return _PROBLEMS[kind](error)
    return ApiProblem("internal-error", "Something went wrong here; it has been logged.")


def respond(problem: ApiProblem, instance: str) -> Response:
    """Write `problem` as the answer to a request for `instance`."""
    kind = KINDS[problem.slug]
    body = {
        "type": f"/problems/{problem.slug}",
        "title": kind.title,
        "status": kind.status.value,
        "detail": problem.detail,
        "instance": instance,
        "cure": kind.cure,
        **problem.members,
    }
    if problem.errors:
        body["errors"] = list(problem.errors)
    content = orjson.dumps(body)
    return Response(content, kind.status, headers=problem.headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make `app` answer every error, foreseen or not, as a problem."""
    for kind in _PROBLEMS:
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(Exception, _answer_unforeseen)


async def _answer(request: Request, error: Exception) -> Response:
    return respond(problem_of(error), request.url.path)


async def _answer_unforeseen(request: Request, error: Exception) -> Response:
    logger().error("fault", path=request.url.path, method=request.method, exc_info=error)
    return respond(problem_of(error), request.url.path)


def _of_parameters(error: RequestValidationError) -> ApiProblem:
    errors = []
    for found in error.errors():
        place, *path = found["loc"]
        name = ".".join(map(str, path))
        detail = f"{name}: {found['msg']}"
        code = {"missing": "missing-key", "extra_forbidden": "unknown-key"}.get(
            found["type"], "bad-value"
        )
        errors.append({"code": code, "in": place, "name": name, "detail": _cut(detail, 200)})
    names = ", ".join(str(entry["name"]) for entry in errors)
    return ApiProblem("invalid-parameter", f"Not usable: {_cut(names)}.", errors)


def _of_status(error: HTTPException) -> ApiProblem:
    slugs = {404: "not-found", 405: "method-not-allowed", 413: "payload-too-large"}
    status = HTTPStatus(error.status_code)
    slug = slugs.get(status.value, "bad-request" if status < 500 else "internal-error")
    detail = {
        "not-found": "Nothing is at this address.",
        "method-not-allowed": "This address does not take this method.",
    }.get(slug, status.description or status.phrase)
    return ApiProblem(slug, detail, headers=error.headers)


def _refused(error: Refused) -> ApiProblem:
    headers = {"Retry-After": str(error.retry_after_s)}
    return ApiProblem(error.code, f"{error.detail}.", headers=headers)


def _illegal(error: IllegalGraph) -> ApiProblem:
    # Only what a registered module does with primitives can lead here.
    return ApiProblem("invalid-workflow", _cut("; ".join(error.problems), 200))


def _storage_failed(error: StorageFailed) -> ApiProblem:
    # What failed, and where, is for whoever runs the service.
    logger().error("storage", detail=error.detail, cure=error.cure)
    return ApiProblem("storage-failed", "What is kept here cannot be read or written now.")


def _cut(text: str, length: int = 80) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


# Every exception that is foreseen, and the problem that it is.
_PROBLEMS: Mapping[type, Callable[[Any], ApiProblem]] = {
    ApiProblem: lambda error: error,
    SpecError: lambda error: from_spec("invalid-body", error),
    Unknown: lambda error: ApiProblem("not-found", f"There is no {error.kind} '{_cut(error.id)}'."),
    IllegalGraph: _illegal,
    BadCursor: lambda error: ApiProblem("bad-cursor", str(error)),
    FutureEvent: lambda error: ApiProblem("event-not-yet", str(error), last=error.last),
    NotFinished: lambda error: ApiProblem("not-finished", f"The run is {error.status}."),
    NotCancellable: lambda error: ApiProblem(
        "not-cancellable", f"The run has already {error.status}."
    ),
    Refused: _refused,
    ValueTooLarge: lambda error: ApiProblem("too-large", f"{error}.", limit=error.limit),
    CollectionError: lambda error: ApiProblem(error.code, error.detail, cure=error.cure),
    StorageFailed: _storage_failed,
    RequestValidationError: _of_parameters,
    HTTPException: _of_status,
}
