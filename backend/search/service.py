"""Search: the points nearest to a vector, without those of documents that are not ready."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.clients.pools import Pools
from backend.clients.qdrant import Hit, QdrantError
from backend.documents import repository as documents
from backend.http.timing import Timing
from backend.search.filters import invalid_filter

MAX_QUERIES = 3
"""Maximum queries per search. More than one is needed only if a result is being written or deleted right now."""


@dataclass(frozen=True)
class SearchQuery:
    """A search: a vector (float32), and which and how many of its nearest points to return."""

    vector: bytes
    limit: int
    offset: int
    must: Sequence[dict[str, Any]]
    threshold: float | None


async def search(pools: Pools, collection: str, query: SearchQuery, timing: Timing) -> list[Hit]:
    """Return the nearest points. Empty if the collection does not exist yet."""
    with timing.stage("qdrant"):
        shape = await pools.qdrant.shape(collection)
    if not shape:
        return []
    shape.require(collection, len(query.vector) // 4)
    hidden: set[UUID] = set()
    hits: list[Hit] = []
    for _ in range(MAX_QUERIES):
        try:
            with timing.stage("qdrant"):
                where = _qdrant_filter(query.must, hidden)
                hits = await pools.qdrant.query(
                    collection,
                    shape,
                    query.vector,
                    limit=query.limit,
                    offset=query.offset,
                    where=where,
                    threshold=query.threshold,
                )
        except QdrantError as error:
            if error.upstream_status == 404:
                return []
            raise invalid_filter(f"Qdrant rejected it: {error.message}") from error
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
    return id_ if documents.point_id(id_, number) == str(hit.id) else None


async def _unready(pools: Pools, hits: Sequence[Hit], timing: Timing) -> set[UUID]:
    """Return the documents among these hits that must not be shown."""
    ids = {id_ for hit in hits if (id_ := document_of(hit))}
    if not ids:
        return set()
    with timing.stage("postgres"):
        async with pools.postgres.connection() as connection:
            states = await documents.states(connection, ids)
    return {id_ for id_ in ids if states.get(id_) != "ready"}


def _qdrant_filter(must: Sequence[dict[str, Any]], hidden: set[UUID]) -> dict[str, Any] | None:
    exclusion = {"must_not": [{"key": "document_id", "match": {"any": [str(id_) for id_ in hidden]}}]} if hidden else {}
    return {**({"must": list(must)} if must else {}), **exclusion} or None
