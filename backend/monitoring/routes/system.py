"""/system: the machine, the GPU, the engine, the services and the versions, at this moment."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request

from backend.accounts.access import Reader
from backend.monitoring.sampler import Sampler, versions
from backend.monitoring.schemas import SystemReport

router = APIRouter(tags=["operation"])


@router.get("/system")
async def system(_: Reader, request: Request) -> SystemReport:
    """Look once."""
    sampler: Sampler = request.app.state.sampler
    now, what = await asyncio.gather(sampler.sample(), asyncio.to_thread(versions))
    return SystemReport(**now.model_dump(), versions=what)
