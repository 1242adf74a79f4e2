"""Whether the service lives, and whether it takes work."""

import os

from fastapi import APIRouter, Response
from pydantic import BaseModel

from api.house import Here, House
from api.openapi import answers, problems

router = APIRouter(tags=["service"])


class CheckOut(BaseModel):
    """One named check."""

    name: str
    ok: bool
    detail: str


class HealthOut(BaseModel):
    """The state of the service, and the checks it follows from."""

    status: str
    checks: list[CheckOut]


@router.get("/healthz", summary="Is the service alive?", responses=problems())
async def healthz() -> HealthOut:
    """Answer as long as the process can."""
    return HealthOut(status="ok", checks=[])


@router.get(
    "/readyz",
    summary="Does the service take runs?",
    responses=answers(
        {503: {"description": "It does not; the checks say why.", "model": HealthOut}}
    )
    | problems(),
)
async def readyz(response: Response, house: Here) -> HealthOut:
    """Answer 200 while runs are taken, else 503."""
    checks = [_draining(house), _data(house)]
    ready = all(check.ok for check in checks)
    if not ready:
        response.status_code = 503
    return HealthOut(status="ready" if ready else "not-ready", checks=checks)


def _draining(house: House) -> CheckOut:
    detail = "stopping: no new runs" if house.draining else "taking runs"
    return CheckOut(name="accepting", ok=not house.draining, detail=detail)


def _data(house: House) -> CheckOut:
    writable = os.access(house.settings.data, os.W_OK)
    return CheckOut(name="data", ok=writable, detail="writable" if writable else "not writable")
