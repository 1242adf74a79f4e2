"""The language as a JSON Schema, for editors that complete and check while one writes."""

import asyncio
import hashlib
from typing import Annotated

from fastapi import APIRouter, Header, Response
from fastapi.responses import JSONResponse

from api.house import Here
from api.openapi import answers, problems
from api.principal import Asker
from spec.editor_schema import editor_schema

router = APIRouter(prefix="/schema", tags=["workflows"])


class SchemaAnswer(JSONResponse):
    """A JSON Schema."""

    media_type = "application/schema+json"


@router.get(
    "/workflow.json",
    summary="Get the JSON Schema for editors",
    response_class=SchemaAnswer,
    response_description="A JSON Schema (draft-07) of workflows and modules.",
    responses=answers({304: {"description": "It is still the one that `If-None-Match` names."}})
    | problems(),
)
async def workflow(
    asker: Asker,
    house: Here,
    if_none_match: Annotated[
        str | None, Header(description="`ETag` of the schema one has already.")
    ] = None,
) -> Response:
    """Return the schema of the documents that may be written here.

    It knows your modules, your workflows and the pools there are, so it changes with them. In YAML
    an editor is pointed to it by `# yaml-language-server: $schema=` and this address.
    """
    vocabulary = house.library.vocabulary(asker.tenant)
    answer = SchemaAnswer(await asyncio.to_thread(editor_schema, vocabulary))
    tag = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in (known.strip().removeprefix("W/") for known in (if_none_match or "").split(",")):
        return Response(status_code=304, headers=headers)
    answer.headers.update(headers)
    return answer
