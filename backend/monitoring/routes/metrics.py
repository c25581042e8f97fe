"""/metrics, for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from backend.monitoring.metrics import CONTENT_TYPE, Metrics

router = APIRouter(tags=["operation"])


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Give this worker's numbers in Prometheus' text format."""
    counted: Metrics = request.app.state.metrics
    # Two workers share a port. Each connection goes to one of them, so a scraper that keeps its own sees only one.
    return Response(counted.text(), media_type=CONTENT_TYPE, headers={"Connection": "close"})
