"""Search: the points nearest to a vector, without those of documents that are not ready."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.clients.pools import Pools
from backend.clients.qdrant import Hit, Refused
from backend.documents import repository as documents
from backend.documents.collection import check
from backend.http.timing import Timing
from backend.search.filters import refused

TRIES = 3
"""Maximum queries per search. More than one is needed only if a result is being written or deleted right now."""


@dataclass(frozen=True)
class Wanted:
    """A search: a vector (float32), and which and how many of its nearest points to return."""

    vector: bytes
    limit: int
    offset: int
    must: Sequence[dict[str, Any]]
    threshold: float | None


async def search(pools: Pools, collection: str, wanted: Wanted, timing: Timing) -> list[Hit]:
    """Return the nearest points. Empty if the collection does not exist yet."""
    with timing.stage("qdrant"):
        shape = await pools.qdrant.shape(collection)
    if not shape:
        return []
    check(collection, shape, len(wanted.vector) // 4)
    hidden: set[UUID] = set()
    hits: list[Hit] = []
    for _ in range(TRIES):
        try:
            with timing.stage("qdrant"):
                where = _where(wanted.must, hidden)
                hits = await pools.qdrant.query(
                    collection,
                    shape,
                    wanted.vector,
                    limit=wanted.limit,
                    offset=wanted.offset,
                    where=where,
                    threshold=wanted.threshold,
                )
        except Refused as error:
            if error.answered == 404:
                return []
            raise refused(f"Qdrant says: {error.text}") from error
        new = await _unready(pools, hits, timing)
        if not new:
            return hits
        hidden |= new
    return [hit for hit in hits if document_of(hit) not in hidden]


def document_of(hit: Hit) -> UUID | None:
    """Return the document that this point is a chunk of, or None.

    Foreign points may have a field `document_id` too; documents' points are recognised by their id.
    """
    try:
        id_, number = UUID(hit.payload.get("document_id")), int(hit.payload["chunk"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return id_ if documents.point(id_, number) == str(hit.id) else None


async def _unready(pools: Pools, hits: Sequence[Hit], timing: Timing) -> set[UUID]:
    """Return the documents among these hits that must not be shown."""
    found = {id_ for hit in hits if (id_ := document_of(hit))}
    if not found:
        return set()
    with timing.stage("postgres"):
        async with pools.postgres.connection() as link:
            states = await documents.states(link, found)
    return {id_ for id_ in found if states.get(id_) != "ready"}


def _where(must: Sequence[dict[str, Any]], hidden: set[UUID]) -> dict[str, Any] | None:
    out = {"must_not": [{"key": "document_id", "match": {"any": [str(id_) for id_ in hidden]}}]} if hidden else {}
    return {**({"must": list(must)} if must else {}), **out} or None
