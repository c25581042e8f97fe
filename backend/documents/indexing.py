"""Write one document to both stores: its row as pending, its points, its row as ready. The caller holds its lock."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.clients.pools import Pools
from backend.clients.qdrant import Point, Shape
from backend.documents import repository as documents
from backend.documents.repository import Document
from backend.http.errors import unavailable
from backend.http.timing import Timing

if TYPE_CHECKING:
    from backend.clients.postgres import Connection

SLICE = 64
"""Points per write to Qdrant, about 600 kB."""


@dataclass(frozen=True)
class PreparedDocument:
    """A document to write, with one vector for each chunk."""

    document: Document
    chunks: Sequence[str]
    vectors: Sequence[bytes]
    shape: Shape
    collection: str

    def points(self, first: int, end: int) -> list[Point]:
        """Return the points `first` to `end`, with the payload that a search shows."""
        document = self.document
        common = {
            "document_id": str(document.id),
            "title": document.title,
            "source": document.source,
            "media_type": document.media_type,
            "metadata": document.metadata,
        }
        rows = zip(range(first, end), self.chunks[first:end], self.vectors[first:end], strict=False)
        return [
            Point(documents.point_id(document.id, number), vector, {**common, "chunk": number, "text": text})
            for number, text, vector in rows
        ]


async def write(pools: Pools, connection: Connection, prepared: PreparedDocument, timing: Timing) -> Document:
    """Return the document when it is ready. After a failure it is invisible, and the sweeper removes it."""
    with timing.stage("postgres"):
        await documents.insert_pending(connection, prepared.document, prepared.chunks)
    await _write_points(pools, connection, prepared, timing)
    with timing.stage("postgres"):
        return await _mark_ready(pools, connection, prepared.document)


async def _write_points(pools: Pools, connection: Connection, prepared: PreparedDocument, timing: Timing) -> None:
    """Write the points. On failure, mark the document as deleted."""
    try:
        with timing.stage("qdrant"):
            for start in range(0, len(prepared.chunks), SLICE):
                await connection.execute("SELECT 1")  # a lost connection means a lost lock: stop writing points
                await pools.qdrant.upsert(prepared.collection, prepared.shape, prepared.points(start, start + SLICE))
    except BaseException:
        with suppress(Exception):  # if PostgreSQL fails too, the sweeper finds the pending row
            async with asyncio.timeout(5), pools.postgres.connection() as fallback:
                await documents.mark_deleted(fallback, prepared.document.id, "pending")
        raise


async def _mark_ready(pools: Pools, connection: Connection, document: Document) -> Document:
    """Mark the document ready, on a new connection if the first was lost.

    Only a pending row becomes ready, so a second attempt is safe.
    """
    import psycopg

    try:
        ready = await documents.mark_ready(connection, document.id)
    except psycopg.OperationalError:
        async with pools.postgres.connection() as fallback:
            ready = await documents.mark_ready(fallback, document.id)
            current = None if ready else await documents.find(fallback, document.id)
            ready = ready or (current if current and current.state == "ready" else None)
    if not ready:
        raise unavailable(
            "PostgreSQL", "the connection was lost while the document was written; nothing was stored", seconds=1
        )
    return ready
