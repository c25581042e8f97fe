"""/quantum/run: circuits, run by the engine."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from backend.accounts.access import Writer
from backend.deps import PoolsDep, TimingDep
from backend.http.body import json_body, openapi_body
from backend.quantum.schemas import Circuit, Counts

router = APIRouter(prefix="/quantum", tags=["quantum"])
QUEUE_SECONDS = 60.0
"""What a run may wait for others before its own time begins; the engine says 503 long before."""


@router.post("/run", response_model=Counts, openapi_extra=openapi_body(Circuit))
async def run(
    _: Writer, circuit: Annotated[Circuit, Depends(json_body(Circuit))], pools: PoolsDep, timing: TimingDep
) -> Response:
    """Run a circuit. 422 with the numbers when it needs more memory than there is, 504 after its time-out, 503 when too many wait."""
    with timing.stage("engine"):
        result = await pools.engine.quantum(circuit.model_dump_json().encode(), circuit.timeout_s + QUEUE_SECONDS)
    return Response(result, media_type="application/json")
