"""Named workflows: put, list, read, draw, delete."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse

from api.bodies import Limit, read_source
from api.explained import ExplainedOut
from api.graph_forms import Between, Format, Off, On, form_of, written
from api.house import Here, House
from api.library import Opened, same_name
from api.load import Utilisation, saturated_by_query
from api.openapi import DOCUMENT_SCHEMA, WORKFLOW_YAML, answers, document_body, problems
from api.passes import choice_of_query
from api.plans import NO_TERMS, Terms
from api.principal import Asker
from api.wire import (
    CheckedOut,
    PutOut,
    SignatureOut,
    ValidatedOut,
    WarningOut,
    WorkflowLine,
    WorkflowOut,
    WorkflowsOut,
)
from executors.moments import rfc3339
from executors.store.workflows import StoredWorkflow
from planner.lints import lints
from planner.render import mermaid

router = APIRouter(prefix="/workflows", tags=["workflows"])


@router.put(
    "/{name}",
    summary="Store a workflow",
    response_description="It was there before, or was only checked.",
    response_model=PutOut | CheckedOut,
    responses=answers({201: {"description": "The version is new.", "model": PutOut}})
    | problems("invalid-workflow", "payload-too-large", "unsupported-media-type", "workflows-full"),
    openapi_extra=document_body(DOCUMENT_SCHEMA, WORKFLOW_YAML),
)
async def put(
    name: Annotated[str, Path(json_schema_extra={"example": "ask-notes"})],
    request: Request,
    response: Response,
    asker: Asker,
    house: Here,
    dry_run: Annotated[bool, Query(description="Only check; store nothing.")] = False,
) -> PutOut | CheckedOut:
    """Check a workflow and make it the latest of its name.

    The same content is the same version, whether in YAML or JSON: 201 for a new one, else 200.
    `warnings` say what would make it faster; they refuse nothing.
    """
    source = await read_source(request, name, spec_limit(house))
    opened = await asyncio.to_thread(house.library.open_text, asker.tenant, source)
    document = opened.document
    same_name(document, source, name)
    warnings = await asyncio.to_thread(_warnings, opened)
    if dry_run:
        return CheckedOut(**SignatureOut.facts(document), warnings=warnings)
    stored = StoredWorkflow(
        name, document.version, document.description, source.data, source.media, house.now()
    )
    if house.workflows.put(asker.tenant, stored):
        response.status_code = 201
    written = await _written(house, asker.tenant, name)
    return PutOut(**dict(written), warnings=warnings)


@router.post(
    "/validate",
    summary="Check a workflow",
    responses=problems("payload-too-large", "unsupported-media-type"),
    openapi_extra=document_body(DOCUMENT_SCHEMA, WORKFLOW_YAML),
)
async def validate(request: Request, asker: Asker, house: Here) -> ValidatedOut:
    """Return every problem of a workflow, each with its place and its cure; none if it is valid.

    `warnings` say of a valid one what would make it faster.
    """
    source = await read_source(request, "workflow", spec_limit(house))
    problem = await asyncio.to_thread(house.library.refuses, asker.tenant, source)
    errors = [dict(error) for error in problem.errors] if problem else []
    found = [] if problem else await asyncio.to_thread(house.library.lints, asker.tenant, source)
    warnings = [WarningOut(**each.as_json()) for each in found]
    return ValidatedOut(valid=problem is None, errors=errors, warnings=warnings)


@router.get("", summary="List workflows", responses=problems())
async def list_(asker: Asker, house: Here) -> WorkflowsOut:
    """Return the latest version of every workflow, by name."""
    lines = [
        WorkflowLine(
            name=stored.name,
            version=stored.version,
            description=stored.description,
            created_at=rfc3339(stored.created_at),
        )
        for stored in house.workflows.list(asker.tenant)
    ]
    return WorkflowsOut(items=lines)


@router.get("/{name}", summary="Read a workflow", responses=problems("not-found"))
async def get(
    name: str,
    asker: Asker,
    house: Here,
    version: Annotated[str | None, Query(description="Not the latest but this one.")] = None,
) -> WorkflowOut:
    """Return a workflow as its author wrote it, with its version, inputs and outputs."""
    return await _written(house, asker.tenant, name, version)


@router.get(
    "/{name}/graph",
    summary="Draw the plan of a workflow",
    response_model=ExplainedOut,
    responses=answers({200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
    | problems("not-found", "not-acceptable"),
)
async def graph(
    name: str,
    request: Request,
    asker: Asker,
    house: Here,
    version: Annotated[str | None, Query(description="Not the latest but this one.")] = None,
    off: Off = None,
    on: On = None,
    utilisation: Utilisation = None,
    format: Format = None,
    between: Between = False,
) -> Response:
    """Return the graph of primitives that a run follows, as a Mermaid flowchart unless `format` or
    `Accept` asks for text or JSON; these tell of each pass, too. The service is taken to be idle
    but for what `utilisation` says.
    """
    saturated = saturated_by_query(utilisation or (), house.library.pools.kinds)
    terms = Terms(choice_of_query(off or (), on or ()), saturated)
    form = format or form_of(request, "mermaid")
    stored = house.workflows.get(asker.tenant, name, version)
    if form == "mermaid" and not between:
        opened = await _opened(house, asker.tenant, stored, terms)
        return PlainTextResponse(mermaid(opened.plan))
    document, explained = await asyncio.to_thread(
        house.library.explain_stored, asker.tenant, stored, terms
    )
    return written(document, explained, form, between=between)


@router.delete(
    "/{name}", status_code=204, summary="Delete a workflow", responses=problems("not-found")
)
async def delete(name: str, asker: Asker, house: Here) -> None:
    """Forget a workflow with all its versions. Runs of it go on."""
    house.workflows.delete(asker.tenant, name)


def _warnings(opened: Opened) -> list[WarningOut]:
    return [WarningOut(**each.as_json()) for each in lints(opened.document, opened.plan)]


def spec_limit(house: House) -> Limit:
    """Return the bound on a document."""
    return Limit("spec_bytes_max", house.settings.spec_bytes_max)


async def _written(house: House, tenant: str, name: str, version: str | None = None) -> WorkflowOut:
    stored = house.workflows.get(tenant, name, version)
    opened = await _opened(house, tenant, stored)
    return WorkflowOut.of(stored, opened.document, house.workflows.versions(tenant, name))


async def _opened(
    house: House, tenant: str, stored: StoredWorkflow, terms: Terms = NO_TERMS
) -> Opened:
    if house.library.is_open(tenant, stored, terms):
        return house.library.open(tenant, stored, terms)
    return await asyncio.to_thread(house.library.open, tenant, stored, terms)
