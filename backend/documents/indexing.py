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
    from backend.clients.postgres import Link

SLICE = 64
"""Points per write to Qdrant, about 600 kB."""


@dataclass(frozen=True)
class Work:
    """A document to write, with one vector for each chunk."""

    document: Document
    pieces: Sequence[str]
    vectors: Sequence[bytes]
    shape: Shape
    collection: str

    def points(self, first: int, end: int) -> list[Point]:
        """Return the points `first` to `end`, with the payload that a search shows."""
        one = self.document
        about = {
            "document_id": str(one.id),
            "title": one.title,
            "source": one.source,
            "media_type": one.media_type,
            "metadata": one.metadata,
        }
        rows = zip(range(first, end), self.pieces[first:end], self.vectors[first:end], strict=False)
        return [
            Point(documents.point(one.id, number), vector, {**about, "chunk": number, "text": text})
            for number, text, vector in rows
        ]


async def write(pools: Pools, link: Link, work: Work, timing: Timing) -> Document:
    """Return the document when it is ready. After a failure it is invisible, and the sweeper removes it."""
    with timing.stage("postgres"):
        await documents.begin(link, work.document, work.pieces)
    await _points(pools, link, work, timing)
    with timing.stage("postgres"):
        return await _finish(pools, link, work.document)


async def _points(pools: Pools, link: Link, work: Work, timing: Timing) -> None:
    """Write the points. On failure, mark the document as deleted."""
    try:
        with timing.stage("qdrant"):
            for at in range(0, len(work.pieces), SLICE):
                await link.execute("SELECT 1")  # a lost connection means a lost lock: stop writing points
                await pools.qdrant.upsert(work.collection, work.shape, work.points(at, at + SLICE))
    except BaseException:
        with suppress(Exception):  # if PostgreSQL fails too, the sweeper finds the pending row
            async with asyncio.timeout(5), pools.postgres.connection() as other:
                await documents.bury(other, work.document.id, "pending")
        raise


async def _finish(pools: Pools, link: Link, one: Document) -> Document:
    """Mark the document ready, on a new connection if the first was lost.

    Only a pending row becomes ready, so a second attempt is safe.
    """
    import psycopg

    try:
        done = await documents.finish(link, one.id)
    except psycopg.OperationalError:
        async with pools.postgres.connection() as other:
            done = await documents.finish(other, one.id)
            found = None if done else await documents.find(other, one.id)
            done = done or (found if found and found.state == "ready" else None)
    if not done:
        raise unavailable(
            "PostgreSQL", "the connection was lost while the document was written; nothing of it is kept", seconds=1
        )
    return done
