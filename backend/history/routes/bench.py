"""/bench: saved results of `omnimind bench`."""

from __future__ import annotations

import asyncio
from pathlib import Path as Folder
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from backend.accounts.access import Reader
from backend.deps import SettingsDep
from backend.history import bench
from backend.history.schemas import BenchResults

router = APIRouter(prefix="/bench", tags=["history"])


@router.get("")
async def listed(_: Reader, settings: SettingsDep) -> BenchResults:
    """List the saved results, newest first; one that is broken says so and hides none of the others."""
    return BenchResults(results=await asyncio.to_thread(bench.list_results, Folder(settings.bench)))


@router.get("/{name}", response_model=dict[str, Any])
async def document(_: Reader, name: Annotated[str, Path(pattern=bench.NAME)], settings: SettingsDep) -> Response:
    """Return a result as it was saved."""
    return Response(
        await asyncio.to_thread(bench.document, Folder(settings.bench), name), media_type="application/json"
    )
