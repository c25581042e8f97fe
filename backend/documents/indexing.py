"""Write one document to both stores: its row pending, its points, its row ready. The caller holds its lock."""

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
"""Points in one write to Qdrant, about 600 kB."""


@dataclass(frozen=True)
class Work:
    """A document ready to be written: one vector for each piece."""

    document: Document
    pieces: Sequence[str]
    vectors: Sequence[bytes]
    shape: Shape
    collection: str

    def points(self, first: int, end: int) -> list[Point]:
        """Return some of its points, with all that a search shows."""
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
    """Return the document once it is ready; after a failure nobody finds anything of it, and the sweeper clears up."""
    with timing.stage("postgres"):
        await documents.begin(link, work.document, work.pieces)
    await _points(pools, link, work, timing)
    with timing.stage("postgres"):
        return await _finish(pools, link, work.document)


async def _points(pools: Pools, link: Link, work: Work, timing: Timing) -> None:
    """Write the points; when that fails, what there is of the document is buried."""
    try:
        with timing.stage("qdrant"):
            for at in range(0, len(work.pieces), SLICE):
                await link.execute("SELECT 1")  # a lost connection is a lost lock: no more points then
                await pools.qdrant.upsert(work.collection, work.shape, work.points(at, at + SLICE))
    except BaseException:
        with suppress(Exception):  # PostgreSQL failed too: the sweeper finds the pending row
            async with asyncio.timeout(5), pools.postgres.connection() as other:
                await documents.bury(other, work.document.id, "pending")
        raise


async def _finish(pools: Pools, link: Link, one: Document) -> Document:
    """Make it ready, with a new connection where the first was lost; as only a pending row becomes ready, twice is as
    good as once.
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
