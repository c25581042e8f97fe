"""/health: live says that this process serves; ready and / ask every service that it needs."""

from __future__ import annotations

import os

from fastapi import APIRouter, Response
from pydantic import BaseModel

from backend import checks
from backend.deps import SettingsDep

router = APIRouter(prefix="/health", tags=["health"])
RETRY_SECONDS = "5"


class Live(BaseModel):
    """Which process answers."""

    status: str
    pid: int
    port: int
    worker: str


class Ready(Live):
    """The same, with every service; status is ready, or down when one of them is."""

    checks: dict[str, checks.Answer]


@router.get("/live")
async def live(settings: SettingsDep) -> Live:
    """Answer from this process alone."""
    return Live(status="live", pid=os.getpid(), port=settings.port, worker=settings.worker)


@router.get("/ready", responses={503: {"model": Ready}})
@router.get("/", include_in_schema=False)
async def ready(settings: SettingsDep, response: Response) -> Ready:
    """Ask all services; 503 with Retry-After when one does not answer."""
    found = await checks.ask(settings)
    is_up = all(answer.state == "up" for answer in found.values())
    if not is_up:
        response.status_code = 503
        response.headers["Retry-After"] = RETRY_SECONDS
    return Ready(status="ready" if is_up else "down", pid=os.getpid(), port=settings.port, worker=settings.worker, checks=found)
