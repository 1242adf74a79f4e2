"""Where the time of a run went, once it has ended."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from starlette.responses import JSONResponse, PlainTextResponse

from api.explained_text import ExplainedRunOut, lines_of
from api.house import Here
from api.openapi import answers, problems
from api.principal import Asker

router = APIRouter(prefix="/runs", tags=["runs"])


@router.get(
    "/{run}/explain",
    summary="Explain where a run's time went",
    response_model=ExplainedRunOut,
    responses=answers(
        {
            200: {
                "description": "As JSON, or as lines for people.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            }
        }
    )
    | problems("not-found", "not-finished"),
)
async def explain(
    run: str,
    asker: Asker,
    house: Here,
    format: Annotated[Literal["json", "text"], Query(description="How it is written.")] = "json",
) -> Response:
    """Return, for each primitive, what was expected of it, what it took and what it takes at best;
    and the critical path with what was waited for on it. 409 while the run goes on.
    """
    found = house.runner.explain(asker.tenant, run)
    status = house.runs.get(asker.tenant, run).status
    written = ExplainedRunOut.of(run, status, found)
    if format == "text":
        return PlainTextResponse("\n".join(lines_of(written)) + "\n")
    return Response(written.model_dump_json().encode(), media_type=JSONResponse.media_type)
