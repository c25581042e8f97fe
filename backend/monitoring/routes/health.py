"""/health: live says that this process serves; ready and / ask every service that it needs. No one has to log in for it."""

from __future__ import annotations

import os

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from backend.deps import SettingsDep
from backend.monitoring.readiness import Answer, Readiness, overall

router = APIRouter(prefix="/health", tags=["health"])
RETRY_SECONDS = "5"


class Live(BaseModel):
    """Which process answers."""

    status: str
    pid: int
    port: int
    worker: str


class Ready(Live):
    """The same, with every service; status is ready, degraded (all answer, but the engine works on the CPU though a GPU is there) or down."""

    checks: dict[str, Answer]


@router.get("/live")
async def live(settings: SettingsDep) -> Live:
    """Answer from this process alone."""
    return Live(status="live", pid=os.getpid(), port=settings.port, worker=settings.worker)


@router.get("/ready", responses={503: {"model": Ready}})
@router.get("/", responses={503: {"model": Ready}})
async def ready(settings: SettingsDep, request: Request, response: Response) -> Ready:
    """Ask all services, each at most once a second, one that is down ten times; 503 with Retry-After when one does not answer."""
    checks: Readiness = request.app.state.checks
    answers = await checks.all()
    status = overall(answers)
    if status == "down":
        response.status_code = 503
        response.headers["Retry-After"] = RETRY_SECONDS
    return Ready(status=status, checks=answers, pid=os.getpid(), port=settings.port, worker=settings.worker)
