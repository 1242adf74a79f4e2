"""Modules: what the steps of a workflow may use. Registering one takes YAML and no code."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.bodies import read_source
from api.house import Here, House
from api.openapi import DOCUMENT_SCHEMA, MODULE_YAML, answers, document_body, problems
from api.principal import Asker
from api.routes.workflows import spec_limit
from api.wire import ModuleLine, ModuleOut, ModulesOut, SignatureOut

router = APIRouter(prefix="/modules", tags=["modules"])


@router.get("", summary="List modules", responses=problems())
async def list_(asker: Asker, house: Here) -> ModulesOut:
    """Return every module with its inputs and outputs, by name."""
    modules = house.library.modules(asker.tenant)
    lines = [
        ModuleLine(**SignatureOut.facts(modules[name]), shipped=house.library.is_shipped(name))
        for name in sorted(modules)
    ]
    return ModulesOut(items=lines)


@router.get("/{name}", summary="Read a module", responses=problems("not-found"))
async def get(name: str, asker: Asker, house: Here) -> ModuleOut:
    """Return a module with its YAML."""
    return _written(house, asker.tenant, name)


@router.put(
    "/{name}",
    summary="Register a module",
    response_description="It was there before.",
    responses=answers(
        {201: {"description": "The module is new, or has changed.", "model": ModuleOut}}
    )
    | problems("invalid-module", "payload-too-large", "unsupported-media-type", "workflows-full"),
    openapi_extra=document_body(DOCUMENT_SCHEMA, MODULE_YAML),
)
async def put(
    name: Annotated[str, Path(json_schema_extra={"example": "ask"})],
    request: Request,
    response: Response,
    asker: Asker,
    house: Here,
) -> ModuleOut:
    """Check a module and let workflows use it. The same content again changes nothing: 200."""
    source = await read_source(request, name, spec_limit(house))
    if await asyncio.to_thread(house.library.register, asker.tenant, name, source):
        response.status_code = 201
    return _written(house, asker.tenant, name)


def _written(house: House, tenant: str, name: str) -> ModuleOut:
    return ModuleOut(
        **SignatureOut.facts(house.library.module(tenant, name)),
        shipped=house.library.is_shipped(name),
        source=house.library.module_text(tenant, name),
    )
