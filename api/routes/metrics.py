"""What the service has counted, for Prometheus."""

from fastapi import APIRouter, Response

from api.house import Here
from api.metrics import CONTENT_TYPE
from api.openapi import answers, problems

router = APIRouter(tags=["service"])


@router.get(
    "/metrics",
    summary="What has the service counted?",
    response_class=Response,
    responses=answers(
        {200: {"description": "Prometheus' text format.", "content": {"text/plain": {}}}}
    )
    | problems(),
)
async def metrics(house: Here) -> Response:
    """Answer with every counter, gauge and histogram."""
    return Response(house.metrics.page(), media_type=CONTENT_TYPE)
