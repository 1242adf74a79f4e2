"""Files: their text is read while they are uploaded, so what cannot be read is never kept."""

from typing import Annotated
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Header, Request, Response

from api.bodies import Limit, read_bytes
from api.house import Here
from api.openapi import answers, file_body, problems
from api.principal import Asker
from api.problems import ApiProblem
from api.wire import FileOut, FilesOut
from executors.documents import Unreadable, kind_of
from executors.reader import Reader

NAME_CHARS_MAX = 255
router = APIRouter(prefix="/files", tags=["files"])


@router.post(
    "",
    status_code=201,
    summary="Upload a file",
    response_description="The file is new.",
    responses=answers({200: {"description": "The same content was there.", "model": FileOut}})
    | problems(
        "empty-document", "encrypted-document", "corrupt-document", "too-large",
        "payload-too-large", "unsupported-media-type", "too-many-uploads",
        "files-full", "engine-unavailable",
    ),
    openapi_extra=file_body(),
)  # fmt: skip
async def upload(
    request: Request,
    response: Response,
    asker: Asker,
    house: Here,
    x_file_name: Annotated[
        str,
        Header(
            alias="X-File-Name",
            description="The file's name, percent-encoded UTF-8.",
            json_schema_extra={"example": "notes.txt"},
        ),
    ],
) -> FileOut:
    """Take the bytes of a txt, md, html, pdf or docx file and read its text.

    The same content is one file: 201 for a new one, 200 for one that was there.
    """
    name = _name(x_file_name)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kind_of_file(name, media_type)
    if house.uploads.locked():
        detail = f"{house.settings.uploads_max} uploads are under way, as many as may be."
        raise ApiProblem("too-many-uploads", detail, headers={"Retry-After": "1"})
    async with house.uploads:
        data = await read_bytes(request, Limit("file_bytes_max", house.settings.file_bytes_max))
        known = house.files.find(asker.tenant, data, media_type)
        if known is None:
            text = await _text(house.reader, data, name, media_type)
            response.status_code = 201
            known = house.files.put(asker.tenant, name, media_type, data, text)
        else:
            response.status_code = 200
    response.headers["Location"] = f"/v1/files/{known.id}"
    return FileOut.of(known)


@router.get("", summary="List files", responses=problems())
async def list_(asker: Asker, house: Here) -> FilesOut:
    """Return every file, newest first."""
    return FilesOut(items=[FileOut.of(file) for file in house.files.list(asker.tenant)])


@router.get("/{file}", summary="Read what is known of a file", responses=problems("not-found"))
async def get(file: str, asker: Asker, house: Here) -> FileOut:
    """Return a file's name, type, size and hash."""
    return FileOut.of(house.files.get(asker.tenant, file))


@router.delete("/{file}", status_code=204, summary="Delete a file", responses=problems("not-found"))
async def delete(file: str, asker: Asker, house: Here) -> None:
    """Forget a file. Runs that were given it keep it."""
    house.files.delete(asker.tenant, file)


def kind_of_file(name: str, media_type: str) -> str:
    """Return what kind of document this is, or raise `unsupported-media-type`."""
    try:
        return kind_of(name, media_type)
    except Unreadable as error:
        raise _problem(error) from None


async def _text(reader: Reader, data: bytes, name: str, media_type: str) -> str:
    try:
        return await reader.read(data, name, media_type)
    except Unreadable as error:
        raise _problem(error) from None


def _problem(error: Unreadable) -> ApiProblem:
    return ApiProblem(error.code, error.detail, cure=error.cure)


def _name(header: str) -> str:
    try:
        name = unquote_to_bytes(header).decode()
    except UnicodeDecodeError:
        raise _bad_name("X-File-Name has to be percent-encoded UTF-8") from None
    if not name.strip() or len(name) > NAME_CHARS_MAX:
        raise _bad_name(f"X-File-Name has to have 1 to {NAME_CHARS_MAX} characters")
    if "/" in name or "\\" in name or not name.isprintable():
        raise _bad_name("X-File-Name has to be a name: no slashes, no control characters")
    return name


def _bad_name(detail: str) -> ApiProblem:
    error = {"code": "bad-value", "in": "header", "name": "X-File-Name", "detail": detail}
    return ApiProblem("invalid-parameter", f"{detail}.", [error])
