"""Rows of uploaded files in PostgreSQL. The files themselves: files.py."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from backend.uploads.files import claimed, disk, incoming, path

if TYPE_CHECKING:
    from backend.clients.postgres import Link

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


async def insert(link: Link, one: Upload) -> None:
    """Insert the row."""
    values = (one.id, one.sha256, one.name, one.media_type, one.bytes, one.created_by, one.created_at)
    words = (
        "INSERT INTO uploads (" + _COLUMNS + ") VALUES (%s, %s, %s, %s, %s, (SELECT id FROM users WHERE id = %s), %s)"  # noqa: S608 constant column names
    )
    await link.execute(words, values)


async def find(link: Link, id_: UUID) -> Upload | None:
    """Return one upload, or None."""
    row: tuple[Any, ...] | None = await (
        await link.execute("SELECT " + _COLUMNS + " FROM uploads WHERE id = %s", (id_,))  # noqa: S608
    ).fetchone()
    return Upload(*row) if row else None


async def delete(link: Link, folder: Path, id_: UUID) -> bool:
    """Delete the row and the file. Return whether there was a row."""
    with disk(), claimed(path(folder, id_)) as is_ours:
        if is_ours:
            path(folder, id_).rename(incoming(folder, id_))
        found = (await link.execute("DELETE FROM uploads WHERE id = %s", (id_,))).rowcount == 1
        if is_ours:
            await asyncio.to_thread(incoming(folder, id_).unlink)
    return found
