"""/runs: migrations and what the guard did, from the journal."""

from __future__ import annotations

import asyncio
from pathlib import Path as File
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from backend.accounts.access import Reader
from backend.deps import SettingsDep
from backend.history.schemas import RunDetail, Runs

router = APIRouter(prefix="/runs", tags=["history"])


@router.get("")
async def listed(
    _: Reader,
    settings: SettingsDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    name: Annotated[Literal["", "migrate", "recover"], Query(description="Only those of this plan.")] = "",
) -> Runs:
    """List what was run on this machine, newest first."""
    from backend.history import runs  # imports sqlite3, which only a worker that serves runs needs

    return Runs(runs=await asyncio.to_thread(runs.list_runs, File(settings.journal), limit, name))


@router.get("/{run}")
async def detail(
    _: Reader,
    run: Annotated[str, Path(min_length=1, max_length=120)],
    settings: SettingsDep,
    after: Annotated[int, Query(ge=0, le=2**53, description="Only events with a higher number.")] = 0,
    limit: Annotated[int, Query(ge=1, le=5000, description="Of the newest events.")] = 500,
) -> RunDetail:
    """Return one run: its steps, its events, and the receipt of a migration."""
    from backend.history import runs

    return await asyncio.to_thread(runs.detail, File(settings.journal), run, after, limit)
