"""A run's events: as a stream that can be resumed anywhere, or page by page."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from api.house import Here
from api.negotiation import form_of, resume_after
from api.openapi import answers, events_content, problems
from api.principal import Asker
from api.streaming import EventStream
from api.wire import EventOut, EventsOut

router = APIRouter(prefix="/runs", tags=["runs"])


@router.get(
    "/{run}/events",
    summary="Follow a run's events",
    response_model=EventsOut,
    responses=answers(
        {200: {"description": "A page, or a stream by `Accept`.", "content": events_content()}}
    )
    | problems("event-not-yet", "not-found", "not-acceptable", "too-many-streams"),
    openapi_extra={
        "parameters": [
            {
                "name": "Last-Event-ID",
                "in": "header",
                "description": "The same as `after`, which wins, as browsers send it.",
                "schema": {"type": "integer"},
            }
        ]
    },
)
async def events(
    run: str,
    request: Request,
    asker: Asker,
    house: Here,
    after: Annotated[
        int | None, Query(ge=0, le=10**15, description="Only events after this id.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1_000, description="Size of a JSON page.")] = 200,
) -> Response:
    """Return what happened to a run. Ids count from 1 without a gap.

    With `Accept: text/event-stream` events come as they happen, until `run.finished`; resume with
    `Last-Event-ID` or `?after=`. Else a JSON page.
    """
    start = resume_after(request, after)
    if form_of(request) == "events":
        house.runs.events(asker.tenant, run, start, limit=1)  # a problem, not an empty stream
        house.streams.take(asker.tenant)
        return EventStream(house.runs, house.streams, asker.tenant, run, start)
    found = house.runs.events(asker.tenant, run, start, limit)
    last = found[-1].id if found else start
    record = house.runs.get(asker.tenant, run)
    page = EventsOut(
        items=[EventOut.of(event) for event in found],
        next_after=last,
        finished=not record.live and last == record.last_event,
    )
    content = page.model_dump_json().encode()
    return Response(content, media_type=JSONResponse.media_type)
