"""The HTTP application: routes, error answers and documentation pages around one house."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI

from api import pages, problems
from api.counted import VERSIONED, Counted
from api.house import House
from api.parameters import known_query
from api.routes import (
    collections,
    engines,
    events,
    explain,
    files,
    health,
    metrics,
    modules,
    plan,
    runs,
    schema,
    workflows,
)
from api.routes import problems as problem_routes
from api.wire import ProblemOut

VERSION = "0.1.0"
_RESOURCES = (
    workflows, plan, runs, events, explain, files, collections, modules, schema, engines,
)  # fmt: skip
_DESCRIPTION = """\
Workflows in YAML or JSON in, answers out.

Put a workflow, upload files, start a run, and read its result at once, later, or as a stream.
Every error is a problem document (`application/problem+json`); branch on its `type`.
"""
_TAGS = [
    {"name": "workflows", "description": "Named workflows; a version is the hash of its content."},
    {"name": "runs", "description": "Runs of workflows, and their events."},
    {"name": "files", "description": "Documents to ask about."},
    {"name": "collections", "description": "Named indexes that outlive a run."},
    {"name": "modules", "description": "What the steps of a workflow may use."},
    {"name": "engines", "description": "Pools of engines that do the work."},
    {"name": "service", "description": "Whether the service is well."},
]


def create_app(house: House) -> FastAPI:
    """Return the application of `house`, which stops with it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        house.runner.warm()
        yield
        await house.stop()

    app = FastAPI(
        title="Teola",
        version=VERSION,
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        openapi_url=pages.OPENAPI,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.house = house
    app.add_middleware(Counted, metrics=house.metrics)
    problems.install(app)
    pages.install(app)
    v1 = APIRouter(prefix=VERSIONED)
    for resource in _RESOURCES:
        v1.include_router(resource.router)
    strict = [Depends(known_query)]
    app.include_router(v1, dependencies=strict)
    app.include_router(health.router, dependencies=strict)
    app.include_router(metrics.router, dependencies=strict)
    app.include_router(problem_routes.router, dependencies=strict)
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Add the shape of a problem to the description; routes refer to it by name."""
    describe = app.openapi

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            schema = describe()
            schemas = schema.setdefault("components", {}).setdefault("schemas", {})
            schemas[ProblemOut.__name__] = ProblemOut.model_json_schema()
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend it
