"""Count both sides: what PostgreSQL says there is, and what Qdrant really holds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from backend.clients.pools import Pools
from backend.documents.repository import point_id
from backend.documents.sweeper import PASS_LOCK, SweepResult, sweep
from backend.settings import load
from tests.backend.world import World


@dataclass(frozen=True)
class Census:
    """`orphans` are points of ours without a ready document, `lost` are chunks of ready documents without a point,
    `unfinished` rows are not ready.
    """

    documents: int
    points: int
    orphans: frozenset[str]
    lost: frozenset[str]
    unfinished: int


def census(data: World) -> Census:
    """Look at everything, through the stores' own clients."""
    with data.postgres() as link:
        rows = link.execute("SELECT id, chunks FROM documents WHERE state = 'ready'").fetchall()
        texts = dict(
            link.execute(
                "SELECT document_id, count(*) FROM chunks JOIN documents d ON d.id = document_id WHERE state = 'ready' GROUP BY 1"
            ).fetchall()
        )
        unfinished = link.execute("SELECT count(*) FROM documents WHERE state <> 'ready'").fetchone()
    assert unfinished
    assert {id_: count for id_, count in rows if count} == texts
    wanted = {point_id(id_, number) for id_, count in rows for number in range(count)}
    results = set(_points(data))
    return Census(len(rows), len(results), frozenset(results - wanted), frozenset(wanted - results), unfinished[0])


def _points(data: World) -> Iterator[str]:
    """Yield the ids of all points that the API made."""
    offset = None
    with data.qdrant() as client:
        while client.collection_exists(data.collection):
            page, offset = client.scroll(
                data.collection, limit=1000, offset=offset, with_payload=["document_id", "chunk"]
            )
            yield from (str(item.id) for item in page if _is_ours(str(item.id), item.payload or {}))
            if offset is None:
                return


def _is_ours(id_: str, payload: dict[str, object]) -> bool:
    try:
        return point_id(UUID(str(payload["document_id"])), int(str(payload["chunk"]))) == id_
    except (KeyError, ValueError):
        return False


@contextmanager
def no_sweeping(data: World) -> Iterator[None]:
    """Keep the workers from clearing up for the block, as another worker that does so would."""
    with data.postgres() as link:
        link.execute("SELECT pg_advisory_lock(%s)", (PASS_LOCK,))
        yield


def swept(data: World, quarantine: float = 0) -> SweepResult:
    """Do one pass of the sweeper, once the workers' own is over."""

    async def once() -> SweepResult:
        settings = load(data.environment)
        pools = Pools(settings)
        await pools.open()
        try:
            while True:
                done = await sweep(pools, settings, quarantine=quarantine)
                if done:
                    return done
                await asyncio.sleep(0.05)
        finally:
            await pools.close()

    return asyncio.run(once())
