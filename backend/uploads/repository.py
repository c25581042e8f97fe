"""Rows of uploaded files in PostgreSQL. The files themselves: files.py."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from backend.uploads.files import disk, finish_or_delete, incoming, list_interrupted, path, try_lock

if TYPE_CHECKING:
    from backend.clients.postgres import Connection

_COLUMNS = "id, sha256, name, media_type, bytes, created_by, created_at"


@dataclass(frozen=True)
class Upload:
    """One row of an uploaded file."""

    id: UUID
    sha256: bytes
    name: str
    media_type: str
    bytes: int
    created_by: UUID | None
    created_at: datetime


async def insert(connection: Connection, upload: Upload) -> None:
    """Insert the row."""
    values = (
        upload.id,
        upload.sha256,
        upload.name,
        upload.media_type,
        upload.bytes,
        upload.created_by,
        upload.created_at,
    )
    statement = (
        f"INSERT INTO uploads ({_COLUMNS})"  # noqa: S608 constant column names
        " VALUES (%s, %s, %s, %s, %s, (SELECT id FROM users WHERE id = %s), %s)"
    )
    await connection.execute(statement, values)


async def find(connection: Connection, id_: UUID) -> Upload | None:
    """Return one upload, or None."""
    row: tuple[Any, ...] | None = await (
        await connection.execute("SELECT " + _COLUMNS + " FROM uploads WHERE id = %s", (id_,))  # noqa: S608
    ).fetchone()
    return Upload(*row) if row else None


async def delete(connection: Connection, folder: Path, id_: UUID) -> bool:
    """Delete the row and the file. Return whether there was a row."""
    with disk(), try_lock(path(folder, id_)) as is_locked:
        if is_locked:
            path(folder, id_).rename(incoming(folder, id_))
        is_deleted = (await connection.execute("DELETE FROM uploads WHERE id = %s", (id_,))).rowcount == 1
        if is_locked:
            await asyncio.to_thread(incoming(folder, id_).unlink)
    return is_deleted


async def resolve_interrupted(connection: Connection, folder: Path) -> int:
    """Finish or delete the uploads that no process is writing. Return their number."""
    resolved = 0
    for id_ in await asyncio.to_thread(list_interrupted, folder):
        with try_lock(incoming(folder, id_)) as is_locked:
            if is_locked:
                is_kept = await find(connection, id_) is not None
                await asyncio.to_thread(finish_or_delete, folder, id_, is_kept)
                resolved += 1
    return resolved
