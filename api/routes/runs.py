"""Runs: start, list, read, cancel. What a run does is never tied to who asked for it."""

import asyncio
from contextlib import ExitStack
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from api.bodies import Limit, off_the_loop, parse, read_source
from api.house import Here, House
from api.negotiation import WAIT_S_MAX, form_of, wait_s_of
from api.openapi import RUN_SCHEMA, RUN_YAML, answers, document_body, events_content, problems
from api.passes import choice_at
from api.plans import Terms
from api.principal import Asker
from api.problems import ApiProblem
from api.run_inputs import resolve
from api.streaming import EventStream
from api.wire import RunIn, RunOut, RunsOut
from executors.runner import Submission
from executors.store.record import RunRecord, RunStatus
from executors.store.workflows import StoredWorkflow
from planner.passes.choice import NO_CHOICE, Choice
from spec.problems import SpecError
from spec.report import Report
from spec.source import Source, Tree

router = APIRouter(prefix="/runs", tags=["runs"])


@router.post(
    "",
    status_code=202,
    summary="Start a run",
    response_description="Accepted; Location says where the run is.",
    response_model=RunOut,
    responses=answers(
        {
            200: {
                "description": "Finished within `Prefer: wait=N`, or the stream of its events.",
                "model": RunOut,
                "content": events_content(),
            },
        }
    )
    | problems(
        "invalid-body", "invalid-workflow", "invalid-input", "not-found",
        "payload-too-large", "unsupported-media-type", "not-acceptable", "too-many-runs",
        "queue-full", "too-many-streams", "store-full", "draining",
    ),
    openapi_extra=document_body(RUN_SCHEMA, RUN_YAML)
    | {
        "parameters": [
            {
                "name": "Prefer",
                "in": "header",
                "description": "`wait=N`: answer when the run has finished, or after N seconds.",
                "schema": {"type": "string"},
                "example": "wait=10",
            }
        ]
    },
)  # fmt: skip
async def start(request: Request, asker: Asker, house: Here) -> Response:
    """Start a run of a stored workflow or of one written in the body.

    202 and a Location when it is accepted; with `Prefer: wait=N` 200 if it finishes in time; with
    `Accept: text/event-stream` its events, from the first on. Going away does not stop it.
    """
    form = form_of(request)
    wait_s = wait_s_of(request)
    if house.draining:
        raise ApiProblem("draining", "The service is stopping.", headers={"Retry-After": "5"})
    limit = Limit("body_bytes_max", house.settings.body_bytes_max)
    source = await read_source(request, "body", limit)
    with ExitStack() as undo:
        if form == "events":  # no place for the stream, no run
            house.streams.take(asker.tenant)
            undo.callback(house.streams.release, asker.tenant)
        run = await _submit(house, asker.tenant, source)
        undo.pop_all()
    location = {"Location": f"/v1/runs/{run}"}
    if form == "events":
        stream = EventStream(house.runs, house.streams, asker.tenant, run, 0)
        stream.headers.update(location)
        return stream
    return await _answer(house, asker.tenant, run, wait_s, location)


@router.get("", summary="List runs", responses=problems("bad-cursor"))
async def list_(
    asker: Asker,
    house: Here,
    workflow: Annotated[str | None, Query(description="Only runs of this workflow.")] = None,
    status: Annotated[RunStatus | None, Query(description="Only runs in this state.")] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RunsOut:
    """Return runs, newest first. Runs that start meanwhile shift nothing."""
    page = house.runs.page(
        asker.tenant, workflow=workflow, status=status, cursor=cursor, limit=limit
    )
    return RunsOut(items=[RunOut.of(run) for run in page.items], next_cursor=page.next_cursor)


@router.get(
    "/{run}",
    summary="Read a run",
    response_model=RunOut,
    responses=answers({202: {"description": "The run goes on.", "model": RunOut}})
    | problems("not-found"),
)
async def get(
    run: str,
    asker: Asker,
    house: Here,
    wait: Annotated[int, Query(ge=0, le=WAIT_S_MAX, description="Seconds to wait for it.")] = 0,
) -> Response:
    """Return a run as it is: 200 once it has finished, 202 while it goes on."""
    house.runs.get(asker.tenant, run)
    return await _answer(house, asker.tenant, run, wait, {})


@router.post(
    "/{run}/cancel",
    status_code=202,
    summary="Cancel a run",
    response_description="It is being stopped.",
    response_model=RunOut,
    responses=answers({200: {"description": "It was cancelled before.", "model": RunOut}})
    | problems("not-found", "not-cancellable"),
)
async def cancel(run: str, asker: Asker, house: Here) -> Response:
    """Stop a run. Asking again is harmless; a run that ended another way is a 409."""
    before = house.runs.get(asker.tenant, run)
    if before.status != "cancelled":
        house.runner.cancel(asker.tenant, run)
    status = 200 if before.status == "cancelled" else 202
    return _written(house.runs.get(asker.tenant, run), status, {})


async def finished(house: House, tenant: str, run: str, within_s: float) -> RunRecord:
    """Return a run once it has ended, or as it is after `within_s` seconds."""
    record = house.runs.get(tenant, run)
    try:
        async with asyncio.timeout(within_s):
            while record.live:
                await house.runs.changed(tenant, run, record.last_event)
                record = house.runs.get(tenant, run)
    except TimeoutError:
        return house.runs.get(tenant, run)
    return record


async def _answer(
    house: House, tenant: str, run: str, wait_s: int | None, headers: dict[str, str]
) -> Response:
    if wait_s:
        record = await finished(house, tenant, run, wait_s)
    else:
        record = house.runs.get(tenant, run)
    if headers and wait_s is not None:
        headers = headers | {"Preference-Applied": f"wait={wait_s}"}
    accepted_only = wait_s is None or record.live
    return _written(record, 202 if accepted_only else 200, headers)


def _written(record: RunRecord, status: int, headers: dict[str, str]) -> Response:
    content = RunOut.of(record).model_dump_json().encode()
    return Response(content, status, headers=headers, media_type=JSONResponse.media_type)


async def _submit(house: House, tenant: str, source: Source) -> str:
    """Read everything a run needs first, so that nothing is half-stored when any of it is wrong."""
    async with house.intake:  # a burst is taken in a few at a time, so that the loop stays free
        size = len(source.data)
        body, page, passes = await off_the_loop(size, _read, source)
        stored = _stored(house, tenant, body.workflow)
        terms = Terms(passes, house.runner.saturated())
        submission = partial(_submission, house, tenant, body, page, stored, terms)
        if stored is not None and house.library.is_open(tenant, stored, terms):
            wanted = await off_the_loop(size, submission)
        else:  # whatever its size: a few lines may open into a large plan
            wanted = await asyncio.to_thread(submission)
        run = await house.runner.submit(wanted)
        await asyncio.sleep(0)
    return run


def _read(source: Source) -> tuple[RunIn, Tree, Choice]:
    body, page = parse(source, RunIn)
    report = Report(page, [])
    _check_one_of(report, page)
    passes = choice_at(report, ("plan",)) if "plan" in page.value else NO_CHOICE
    if report.problems:
        raise SpecError(report.problems, page.page.name)
    return body, page, passes


def _stored(house: House, tenant: str, workflow: str | None) -> StoredWorkflow | None:
    if workflow is None:
        return None
    name, at, version = workflow.partition("@")
    return house.workflows.get(tenant, name, version if at else None)


def _submission(
    house: House,
    tenant: str,
    body: RunIn,
    page: Tree,
    stored: StoredWorkflow | None,
    terms: Terms,
) -> Submission:
    if stored is not None:
        opened = house.library.open(tenant, stored, terms)
        document, plan = opened.document, opened.plan
    else:
        document = house.library.read_inline(tenant, page, "spec")
        plan = house.library.plan(tenant, document, page.page, "/spec", terms)
    at = ("inputs",) if "inputs" in page.value else ()
    given = page if at else Tree.of({}, page.page.name)
    return Submission(
        tenant=tenant,
        workflow=document.name,
        version=document.version,
        plan=plan,
        inputs=resolve(document.inputs, given, at, house.files, tenant),
        priority=body.priority,
    )


def _check_one_of(report: Report, page: Tree) -> None:
    given = [key for key in page.value if key in ("workflow", "spec")]
    if len(given) == 2:
        report.at_key("conflicting-keys", (given[1],), f"`{given[0]}` says already what to run")
    for key in given:
        if page.value[key] is None:
            report.at_value("wrong-type", (key,), "null, where something to run is wanted")
    if not given:
        report.at_key("missing-key", (), "`workflow` or `spec` has to say what to run")
