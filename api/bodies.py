"""Bodies as they come in: bounded while they are read, YAML or JSON by media type, strict.

A body over its limit is refused by its declared length before a byte is read, or, if it comes in
chunks, as soon as it passes the limit. Positions on the page survive into every problem.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from api.problems import ApiProblem
from spec.codes import Code
from spec.limits import Limits
from spec.load import read
from spec.problems import SpecError, nearest, quoted
from spec.report import Report
from spec.source import Media, Pointer, Source, Tree

MEDIA: Mapping[str, Media] = {
    "application/yaml": "yaml",
    "application/x-yaml": "yaml",
    "text/yaml": "yaml",
    "application/json": "json",
}
_INLINE_BYTES_MAX = 8 << 10
Model = TypeVar("Model", bound=BaseModel)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on a body, by the name an operator knows it by."""

    name: str
    bytes_max: int


async def read_bytes(request: Request, limit: Limit) -> bytes:
    """Return the whole body, or raise `payload-too-large` without reading past the limit."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise ApiProblem("unsupported-media-type", "Bodies are read uncompressed.")
    declared = request.headers.get("content-length")
    if declared is not None and (not declared.isdecimal() or int(declared) > limit.bytes_max):
        raise _too_large(limit)
    pieces: list[bytes] = []
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > limit.bytes_max:
                raise _too_large(limit)
            pieces.append(piece)
    except ClientDisconnect:
        detail = "The connection ended before the body did."
        raise ApiProblem("bad-request", detail) from None
    return b"".join(pieces)


async def read_source(request: Request, name: str, limit: Limit) -> Source:
    """Return a YAML or JSON body, not yet parsed, under the name that problems call it by."""
    media = media_of(request)
    return Source(name, await read_bytes(request, limit), media)


def media_of(request: Request) -> Media:
    """Return what the Content-Type says the body is, or raise `unsupported-media-type`."""
    header = request.headers.get("content-type", "")
    essence, _, rest = header.partition(";")
    media = MEDIA.get(essence.strip().lower())
    charset = rest.strip().lower().removeprefix("charset=").strip('"')
    if media is None or charset not in ("", "utf-8", "utf8"):
        known = ", ".join(MEDIA)
        raise ApiProblem("unsupported-media-type", f"Send {known}, in UTF-8.")
    return media


def parse(source: Source, model: type[Model]) -> tuple[Model, Tree]:
    """Return the body as `model`, and the page it stands on. Raise `SpecError`, all at once."""
    # How large it may be was settled while it came in.
    tree = read(source, Limits(bytes_max=len(source.data)))
    try:
        return model.model_validate(tree.value), tree
    except ValidationError as error:
        report = Report(tree, [])
        for found in error.errors(include_url=False, include_context=False):
            _report(report, model, found)
        raise SpecError(report.problems, source.name) from None


async def off_the_loop(size: int, work: Callable[..., Result], *args: Any) -> Result:
    """Do `work` in a thread if what it reads is large, so that nobody else waits for it."""
    if size <= _INLINE_BYTES_MAX:
        return work(*args)
    return await asyncio.to_thread(work, *args)


def _report(report: Report, model: type[BaseModel], found: Mapping[str, Any]) -> None:
    pointer: Pointer = found["loc"]
    last = str(pointer[-1]) if pointer else ""
    match found["type"]:
        case "extra_forbidden":
            hint = nearest(last, model.model_fields)
            report.at_key("unknown-key", pointer, f"{quoted(last)} is no key here", hint)
        case "missing":
            report.at_key("missing-key", pointer[:-1], f"{quoted(last)} has to be here")
        case kind:
            code: Code = "wrong-type" if kind.endswith("_type") else "bad-value"
            report.at_value(code, pointer, found["msg"])


def _too_large(limit: Limit) -> ApiProblem:
    detail = f"The body is larger than {limit.bytes_max} bytes ({limit.name})."
    return ApiProblem("payload-too-large", detail, limit=limit.name, bytes_max=limit.bytes_max)
