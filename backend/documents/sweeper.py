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
from backend.uploads import files as upload_files
from backend.uploads import repository as uploads

if TYPE_CHECKING:
    from fastapi import FastAPI

    from backend.clients.pools import Pools
    from backend.clients.postgres import Link

PAUSE_SECONDS = 30.0
QUARANTINE_SECONDS = 45.0
"""Time from the first confirmed deletion of points to the second: longer than the longest write to Qdrant."""
PASS_LOCK = 0x6F6D6E6973776565  # "omniswee"


@dataclass(frozen=True)
class Swept:
    """Result of a pass.

    Counts unfinished documents marked deleted, tombstones removed, tombstones still waiting, and uploads finished or
    removed.
    """

    buried: int = 0
    removed: int = 0
    waiting: int = 0
    uploads: int = 0


async def sweep(pools: Pools, settings: Settings, *, quarantine: float = QUARANTINE_SECONDS) -> Swept | None:
    """Make one pass and return its result; None if another worker is making one."""
    async with pools.postgres.connection() as link:
        if not await locks.try_lock(link, PASS_LOCK):
            return None
        try:
            buried = [
                one for one, _ in await documents.unfinished(link) if one.state == "pending" and await _bury(link, one)
            ]
            rest = [(one, age) for one, age in await documents.unfinished(link) if one.state == "deleting"]
            gone = [one for one, age in rest if await _empty(pools, link, settings.collection, one, age, quarantine)]
            cleared = await _uploads(link, Path(settings.uploads))
            return Swept(len(buried), len(gone), len(rest) - len(gone), cleared)
        finally:
            await locks.unlock(link, PASS_LOCK)


async def _bury(link: Link, one: Document) -> bool:
    """Mark a pending document deleted, unless its lock shows that it is being written."""
    number = locks.key(one.content_hash)
    if not await locks.try_lock(link, number):
        return False
    try:
        return await documents.bury(link, one.id, "pending")
    finally:
        await locks.unlock(link, number)


async def _empty(pools: Pools, link: Link, collection: str, one: Document, age: float, quarantine: float) -> bool:
    """Delete a tombstone's points and record it; the second time, drop the tombstone. Return whether it is gone."""
    is_emptied = bool(one.metadata.get("emptied"))
    if is_emptied and age < quarantine:
        return False
    try:
        await pools.qdrant.delete(collection, one.points)
    except ApiProblem:  # try again on the next pass
        return False
    await (documents.drop if is_emptied else documents.note_emptied)(link, one.id)
    return is_emptied


async def _uploads(link: Link, folder: Path) -> int:
    """Finish or remove uploads that no process is writing. Return their number."""
    done = 0
    for id_ in await asyncio.to_thread(upload_files.left, folder):
        with upload_files.claimed(upload_files.incoming(folder, id_)) as is_ours:
            if is_ours:
                is_kept = await uploads.find(link, id_) is not None
                await asyncio.to_thread(upload_files.settle, folder, id_, is_kept)
                done += 1
    return done


@asynccontextmanager
async def swept(app: FastAPI) -> AsyncIterator[None]:
    """Sweep while the application runs."""
    task = asyncio.create_task(_keep_sweeping(app))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep_sweeping(app: FastAPI) -> None:
    await asyncio.sleep(random.uniform(0.5, 3))  # noqa: S311 spread the passes of six workers that start at once
    while True:
        try:
            await sweep(app.state.pools, app.state.settings)
        except Exception as error:  # a store is down: sweep when it is back
            logging.getLogger("omnimind").info("cannot sweep: %s", type(error).__name__)
        await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311
