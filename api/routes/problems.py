"""What each problem type means: the address in `type` answers with it."""

from typing import Any

from fastapi import APIRouter

from api.openapi import problems
from api.problem_kinds import KINDS
from executors.store.errors import Unknown

router = APIRouter(prefix="/problems", tags=["service"])


@router.get("/{slug}", summary="Explain a problem type", responses=problems("not-found"))
async def explain(slug: str) -> dict[str, Any]:
    """Return what a problem type means and what cures it."""
    if slug not in KINDS:
        raise Unknown("problem type", slug)
    kind = KINDS[slug]
    return {
        "type": f"/problems/{slug}",
        "title": kind.title,
        "status": kind.status.value,
        "meaning": kind.meaning,
        "cure": kind.cure,
    }
