"""What a workflow becomes, before it is run."""

import asyncio

from fastapi import APIRouter, Request, Response

from api.bodies import read_source
from api.explained import ExplainedOut
from api.graph_forms import Between, Format, Off, On, form_of, written
from api.house import Here, House
from api.load import Utilisation, saturated_by_query
from api.openapi import DOCUMENT_SCHEMA, WORKFLOW_YAML, answers, document_body, problems
from api.passes import choice_of_query
from api.plans import Terms
from api.principal import Asker
from api.routes.workflows import spec_limit
from planner.explain import Explained
from spec.model import Document
from spec.source import Source

router = APIRouter(prefix="/plan", tags=["workflows"])


@router.post(
    "",
    summary="Plan a workflow",
    response_model=ExplainedOut,
    responses=answers({200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
    | problems("invalid-workflow", "payload-too-large", "unsupported-media-type"),
    openapi_extra=document_body(DOCUMENT_SCHEMA, WORKFLOW_YAML),
)
async def plan(
    request: Request,
    asker: Asker,
    house: Here,
    off: Off = None,
    on: On = None,
    utilisation: Utilisation = None,
    format: Format = None,
    between: Between = False,
) -> Response:
    """Return the graph of a workflow before and after each pass, what each changed, and why not.

    Nothing is stored or run. Times are estimates for a run that is alone, in a service that is idle
    but for what `utilisation` says.
    """
    saturated = saturated_by_query(utilisation or (), house.library.pools.kinds)
    terms = Terms(choice_of_query(off or (), on or ()), saturated)
    source = await read_source(request, "workflow", spec_limit(house))
    document, explained = await asyncio.to_thread(_explained, house, asker.tenant, source, terms)
    return written(document, explained, format or form_of(request, "json"), between=between)


def _explained(
    house: House, tenant: str, source: Source, terms: Terms
) -> tuple[Document, Explained]:
    document = house.library.read_workflow(tenant, source)
    return document, house.library.explain(tenant, document, source, terms)
