"""Documents and their chunks in PostgreSQL.

A document is pending until its vectors are in Qdrant, then ready, and deleting until they are gone. Changing one
requires its lock: `locks.hold(pool, locks.key_of(content_hash))`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from backend.clients.postgres import Connection

_COLUMNS = "id, content_hash, title, source, media_type, bytes, chunks, state, metadata, created_by, created_at"
_SELECT = "SELECT " + _COLUMNS + " FROM documents"  # noqa: S608 constant column names


@dataclass(frozen=True)
class Document:
    """One document row. `bytes` is the size of its text in UTF-8, `chunks` the number of chunks."""

    id: UUID
    content_hash: bytes
    title: str
    source: str
    media_type: str
    bytes: int
    chunks: int
    state: str
    metadata: dict[str, Any]
    created_by: UUID | None
    created_at: datetime

    @property
    def point_ids(self) -> list[str]:
        """Return the ids of its points in Qdrant."""
        return [point_id(self.id, number) for number in range(self.chunks)]


def point_id(document: UUID, number: int) -> str:
    """Return the point id of a chunk.

    The id is always the same, so a repeated write replaces the point and a deletion needs no search.
    """
    return str(uuid5(document, str(number)))


async def find(connection: Connection, id_: UUID) -> Document | None:
    """Return a document in any state, or None."""
    return _document(await (await connection.execute(f"{_SELECT} WHERE id = %s", (id_,))).fetchone())


async def find_by_hash(connection: Connection, content_hash: bytes) -> Document | None:
    """Return the document with this content in any state, or None."""
    return _document(await (await connection.execute(f"{_SELECT} WHERE content_hash = %s", (content_hash,))).fetchone())


async def list_ready(connection: Connection, limit: int, offset: int) -> tuple[list[Document], int]:
    """Return one page of ready documents, newest first, and the number of all ready documents."""
    rows = await connection.execute(
        f"{_SELECT} WHERE state = 'ready' ORDER BY created_at DESC, id LIMIT %s OFFSET %s", (limit, offset)
    )
    page = [Document(*row) for row in await rows.fetchall()]
    count = await (await connection.execute("SELECT count(*) FROM documents WHERE state = 'ready'")).fetchone()
    return page, count[0] if count else 0


async def chunk_texts(connection: Connection, id_: UUID) -> list[str]:
    """Return a document's chunks in order."""
    rows = await connection.execute("SELECT text FROM chunks WHERE document_id = %s ORDER BY number", (id_,))
    return [text for (text,) in await rows.fetchall()]


async def states(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the state of each of these documents that exists."""
    rows = await connection.execute("SELECT id, state FROM documents WHERE id = ANY(%s)", (list(ids),))
    return dict(await rows.fetchall())


async def insert_pending(connection: Connection, document: Document, chunks: Sequence[str]) -> None:
    """Insert a pending document and its chunks in one transaction."""
    from psycopg.types.json import Jsonb

    # The author may have been deleted meanwhile; the document then has none.
    values = (
        document.id,
        document.content_hash,
        document.title,
        document.source,
        document.media_type,
        document.bytes,
        document.chunks,
        Jsonb(document.metadata),
        document.created_by,
    )
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO documents"
            " (id, content_hash, title, source, media_type, bytes, chunks, state, metadata, created_by)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, 'pending', %s, (SELECT id FROM users WHERE id = %s))",
            values,
        )
        async with (
            connection.cursor() as cursor,
            cursor.copy("COPY chunks (document_id, number, text) FROM STDIN") as copy,
        ):
            for number, text in enumerate(chunks):
                await copy.write_row((document.id, number, text))


async def mark_ready(connection: Connection, id_: UUID) -> Document | None:
    """Mark a pending document ready and return it; None if it is no longer pending."""
    statement = (
        "UPDATE documents SET state = 'ready', updated_at = now()"  # noqa: S608
        f" WHERE id = %s AND state = 'pending' RETURNING {_COLUMNS}"
    )
    return _document(await (await connection.execute(statement, (id_,))).fetchone())


async def mark_deleted(connection: Connection, id_: UUID, state: str) -> bool:
    """Turn a document in this state into a tombstone. Return whether it was in this state.

    Readers no longer find it, its content may be added again, and its points wait for deletion.
    """
    tombstone = hashlib.sha256(b"deleted " + id_.bytes).digest()
    statement = (
        "UPDATE documents SET state = 'deleting', content_hash = %s, metadata = '{}', updated_at = now()"
        " WHERE id = %s AND state = %s"
    )
    return (await connection.execute(statement, (tombstone, id_, state))).rowcount == 1


async def delete_tombstone(connection: Connection, id_: UUID) -> None:
    """Delete a tombstone and its chunks."""
    await connection.execute("DELETE FROM documents WHERE id = %s AND state = 'deleting'", (id_,))


async def mark_points_deleted(connection: Connection, id_: UUID) -> None:
    """Record on a tombstone that Qdrant confirmed the deletion of its points."""
    await connection.execute(
        "UPDATE documents SET metadata = '{\"emptied\": true}', updated_at = now()"
        " WHERE id = %s AND state = 'deleting'",
        (id_,),
    )


async def list_unfinished(connection: Connection) -> list[tuple[Document, float]]:
    """Return the documents that are not ready, least recently updated first, with seconds since their last update."""
    statement = (
        "SELECT extract(epoch FROM now() - updated_at)::float8, "  # noqa: S608
        + _COLUMNS
        + " FROM documents WHERE state <> 'ready' ORDER BY updated_at LIMIT 1000"
    )
    return [(Document(*row), age) for age, *row in await (await connection.execute(statement)).fetchall()]


def _document(row: tuple[Any, ...] | None) -> Document | None:
    return Document(*row) if row else None
