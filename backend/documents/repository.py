"""Documents and their chunks in PostgreSQL.

A document is pending until its vectors are in Qdrant, then ready, and deleting until they are gone. Changing one
requires its lock: `locks.locked(pool, locks.key(content_hash))`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from backend.clients.postgres import Link

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
    def points(self) -> list[str]:
        """Return the ids of its points in Qdrant."""
        return [point(self.id, number) for number in range(self.chunks)]


def point(document: UUID, number: int) -> str:
    """Return the point id of a chunk.

    The id is always the same, so a repeated write replaces the point and a deletion needs no search.
    """
    return str(uuid5(document, str(number)))


async def find(link: Link, id_: UUID) -> Document | None:
    """Return a document in any state, or None."""
    return _one(await (await link.execute(f"{_SELECT} WHERE id = %s", (id_,))).fetchone())


async def find_hash(link: Link, content_hash: bytes) -> Document | None:
    """Return the document with this content in any state, or None."""
    return _one(await (await link.execute(f"{_SELECT} WHERE content_hash = %s", (content_hash,))).fetchone())


async def page(link: Link, limit: int, offset: int) -> tuple[list[Document], int]:
    """Return one page of ready documents, newest first, and the number of all ready documents."""
    rows = await link.execute(
        f"{_SELECT} WHERE state = 'ready' ORDER BY created_at DESC, id LIMIT %s OFFSET %s", (limit, offset)
    )
    found = [Document(*row) for row in await rows.fetchall()]
    count = await (await link.execute("SELECT count(*) FROM documents WHERE state = 'ready'")).fetchone()
    return found, count[0] if count else 0


async def texts(link: Link, id_: UUID) -> list[str]:
    """Return a document's chunks in order."""
    rows = await link.execute("SELECT text FROM chunks WHERE document_id = %s ORDER BY number", (id_,))
    return [text for (text,) in await rows.fetchall()]


async def states(link: Link, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the state of each of these documents that exists."""
    rows = await link.execute("SELECT id, state FROM documents WHERE id = ANY(%s)", (list(ids),))
    return dict(await rows.fetchall())


async def begin(link: Link, one: Document, pieces: Sequence[str]) -> None:
    """Insert a pending document and its chunks in one transaction."""
    from psycopg.types.json import Jsonb

    # The author may have been deleted meanwhile; the document then has none.
    values = (
        one.id,
        one.content_hash,
        one.title,
        one.source,
        one.media_type,
        one.bytes,
        one.chunks,
        Jsonb(one.metadata),
        one.created_by,
    )
    async with link.transaction():
        await link.execute(
            "INSERT INTO documents (id, content_hash, title, source, media_type, bytes, chunks, state, metadata, created_by)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, 'pending', %s, (SELECT id FROM users WHERE id = %s))",
            values,
        )
        async with link.cursor() as cursor, cursor.copy("COPY chunks (document_id, number, text) FROM STDIN") as copy:
            for number, text in enumerate(pieces):
                await copy.write_row((one.id, number, text))


async def finish(link: Link, id_: UUID) -> Document | None:
    """Mark a pending document ready and return it; None if it is no longer pending."""
    words = (
        "UPDATE documents SET state = 'ready', updated_at = now() WHERE id = %s AND state = 'pending' RETURNING "  # noqa: S608
        + _COLUMNS
    )
    return _one(await (await link.execute(words, (id_,))).fetchone())


async def bury(link: Link, id_: UUID, state: str) -> bool:
    """Turn a document in this state into a tombstone. Return whether it was in this state.

    Readers no longer find it, its content may be added again, and its points wait for deletion.
    """
    tombstone = hashlib.sha256(b"deleted " + id_.bytes).digest()
    words = "UPDATE documents SET state = 'deleting', content_hash = %s, metadata = '{}', updated_at = now() WHERE id = %s AND state = %s"
    return (await link.execute(words, (tombstone, id_, state))).rowcount == 1


async def drop(link: Link, id_: UUID) -> None:
    """Delete a tombstone and its chunks."""
    await link.execute("DELETE FROM documents WHERE id = %s AND state = 'deleting'", (id_,))


async def note_emptied(link: Link, id_: UUID) -> None:
    """Record on a tombstone that Qdrant confirmed the deletion of its points."""
    await link.execute(
        "UPDATE documents SET metadata = '{\"emptied\": true}', updated_at = now() WHERE id = %s AND state = 'deleting'",
        (id_,),
    )


async def unfinished(link: Link) -> list[tuple[Document, float]]:
    """Return the documents that are not ready, least recently updated first, with seconds since their last update."""
    words = (
        "SELECT extract(epoch FROM now() - updated_at)::float8, "  # noqa: S608
        + _COLUMNS
        + " FROM documents WHERE state <> 'ready' ORDER BY updated_at LIMIT 1000"
    )
    return [(Document(*row), age) for age, *row in await (await link.execute(words)).fetchall()]


def _one(row: tuple[Any, ...] | None) -> Document | None:
    return Document(*row) if row else None
