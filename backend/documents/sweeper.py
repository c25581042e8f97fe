"""Clean up after workers that died and stores that failed: when a worker starts, then twice a minute.

One worker at a time makes a pass, and every action is safe to repeat. An unfinished document is marked deleted and its
points are deleted. They are deleted once more some time after Qdrant confirmed it, because a write in progress may land
after the first deletion.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from backend.documents import locks
from backend.documents import repository as documents
from backend.documents.repository import Document
from backend.http.errors import ApiProblem
from backend.settings import Settings
from backend.uploads import repository as uploads

if TYPE_CHECKING:
    from fastapi import FastAPI

    from backend.clients.pools import Pools
    from backend.clients.postgres import Connection

PAUSE_SECONDS = 30.0
QUARANTINE_SECONDS = 45.0
"""Time from the first confirmed deletion of points to the second: longer than the longest write to Qdrant."""
PASS_LOCK = 0x6F6D6E6973776565  # "omniswee"


@dataclass(frozen=True)
class SweepResult:
    """Result of a pass.

    Counts unfinished documents marked deleted, tombstones removed, tombstones still waiting, and uploads finished or
    removed.
    """

    abandoned: int = 0
    removed: int = 0
    waiting: int = 0
    uploads: int = 0


async def sweep(pools: Pools, settings: Settings, *, quarantine: float = QUARANTINE_SECONDS) -> SweepResult | None:
    """Make one pass and return its result; None if another worker is making one."""
    async with pools.postgres.connection() as connection:
        if not await locks.try_lock(connection, PASS_LOCK):
            return None
        try:
            abandoned = [
                document
                for document, _ in await documents.list_unfinished(connection)
                if document.state == "pending" and await _mark_abandoned(connection, document)
            ]
            tombstones = [
                (document, age)
                for document, age in await documents.list_unfinished(connection)
                if document.state == "deleting"
            ]
            removed = [
                document
                for document, age in tombstones
                if await _delete_points(pools, connection, settings.collection, document, age, quarantine)
            ]
            resolved = await uploads.resolve_interrupted(connection, Path(settings.uploads))
            return SweepResult(len(abandoned), len(removed), len(tombstones) - len(removed), resolved)
        finally:
            await locks.unlock(connection, PASS_LOCK)


async def _mark_abandoned(connection: Connection, document: Document) -> bool:
    """Mark a pending document deleted, unless its lock shows that it is being written."""
    key = locks.key_of(document.content_hash)
    if not await locks.try_lock(connection, key):
        return False
    try:
        return await documents.mark_deleted(connection, document.id, "pending")
    finally:
        await locks.unlock(connection, key)


async def _delete_points(
    pools: Pools, connection: Connection, collection: str, document: Document, age: float, quarantine: float
) -> bool:
    """Delete a tombstone's points and record it; the second time, drop the tombstone. Return whether it is removed."""
    is_emptied = bool(document.metadata.get("emptied"))
    if is_emptied and age < quarantine:
        return False
    try:
        await pools.qdrant.delete(collection, document.point_ids)
    except ApiProblem:  # try again on the next pass
        return False
    await (documents.delete_tombstone if is_emptied else documents.mark_points_deleted)(connection, document.id)
    return is_emptied


@asynccontextmanager
async def sweeping(app: FastAPI) -> AsyncIterator[None]:
    """Sweep while the application runs."""
    task = asyncio.create_task(_sweep_forever(app))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _sweep_forever(app: FastAPI) -> None:
    await asyncio.sleep(random.uniform(0.5, 3))  # noqa: S311 spread the passes of six workers that start at once
    while True:
        try:
            await sweep(app.state.pools, app.state.settings)
        except Exception as error:  # a store is down: sweep when it is back
            logging.getLogger("omnimind").info("cannot sweep: %s", type(error).__name__)
        await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311
