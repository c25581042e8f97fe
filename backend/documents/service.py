"""Add and remove documents, keeping PostgreSQL and Qdrant consistent.

PostgreSQL is the list of documents, Qdrant holds their vectors.

The order of writes makes it safe. Add: row pending → points → row ready. Remove: row deleting → points deleted → row
deleted. An interruption leaves a row that is not ready: readers do not see it, and sweeper.py removes it.
"""

from __future__ import annotations

import asyncio
import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from backend.clients.pools import Pools
from backend.documents import locks
from backend.documents import repository as documents
from backend.documents.chunking import chunks
from backend.documents.collection import fitting
from backend.documents.indexing import Work, write
from backend.documents.repository import Document
from backend.embeddings.service import Embedder
from backend.http.errors import ApiProblem
from backend.http.timing import Timing

MOST_CHUNKS = 5000
EMBED_SLICE = 256
"""Chunks per request to the engine. Other requests get their turn between two of them."""


@dataclass(frozen=True)
class Draft:
    """A document to store."""

    text: str
    title: str
    source: str
    media_type: str
    metadata: dict[str, Any]
    overlap: int
    by: UUID | None

    @property
    def content_hash(self) -> bytes:
        """Return the hash that identifies a document: of title and text, normalised to NFC."""
        return hashlib.sha256(unicodedata.normalize("NFC", f"{self.title}\0{self.text}").encode()).digest()


@dataclass(frozen=True)
class Added:
    """The document, whether this call created it, and how many chunks the model truncated."""

    document: Document
    is_new: bool
    truncated: int = 0


async def add(pools: Pools, collection: str, embedder: Embedder, draft: Draft, timing: Timing) -> Added:
    """Store a document. An existing one is returned unchanged."""
    digest = await asyncio.to_thread(lambda: draft.content_hash)
    with timing.stage("postgres"):
        async with pools.postgres.connection() as link:
            known = await documents.find_hash(link, digest)
    if known and known.state == "ready":
        return Added(known, False)
    with timing.stage("chunk"):
        pieces = await asyncio.to_thread(_pieces, draft)
    vectors, truncated = await _embed(embedder, pieces, timing)
    shape = await fitting(pools.qdrant, collection, len(vectors[0]) // 4)
    async with locks.locked(pools.postgres, locks.key(digest)) as link:
        known = await documents.find_hash(link, digest)
        if known and known.state == "ready":
            return Added(known, False)
        if known:  # the lock is held, so the writer that began it is gone
            await documents.bury(link, known.id, known.state)
        return Added(
            await write(
                pools, link, Work(_document(draft, digest, pieces), pieces, vectors, shape, collection), timing
            ),
            True,
            truncated,
        )


async def remove(pools: Pools, collection: str, id_: UUID, timing: Timing) -> bool:
    """Delete a document. Raises 404 if it does not exist.

    Returns False if it is gone for readers but its points wait for Qdrant to come back.
    """
    with timing.stage("postgres"):
        async with pools.postgres.connection() as link:
            one = await documents.find(link, id_)
        if not one or one.state != "ready":
            raise missing(id_)
        async with locks.locked(pools.postgres, locks.key(one.content_hash)) as link:
            if not await documents.bury(link, id_, "ready"):
                raise missing(id_)
    try:
        with timing.stage("qdrant"):
            await pools.qdrant.delete(collection, one.points)
    except ApiProblem:
        return False
    with timing.stage("postgres"):
        async with pools.postgres.connection() as link:
            await documents.drop(link, id_)
    return True


def missing(id_: UUID) -> ApiProblem:
    """Return the 404 problem."""
    return ApiProblem(404, "no such document", f"there is no document {id_}")


def _pieces(draft: Draft) -> list[str]:
    pieces = chunks(draft.text, overlap=draft.overlap)
    if not pieces:
        raise ApiProblem(422, "the document is empty", "it holds nothing but white space")
    if len(pieces) > MOST_CHUNKS:
        raise ApiProblem(
            413,
            "the document is too long",
            f"it has {len(pieces)} chunks; {MOST_CHUNKS} are taken",
            fix="send it in parts",
        )
    return pieces


async def _embed(embedder: Embedder, pieces: Sequence[str], timing: Timing) -> tuple[list[bytes], int]:
    rows, cut = [], 0
    for at in range(0, len(pieces), EMBED_SLICE):
        found = await embedder.embed(pieces[at : at + EMBED_SLICE], timing)
        rows += found.rows
        cut += found.truncated
    return rows, cut


def _document(draft: Draft, digest: bytes, pieces: Sequence[str]) -> Document:
    size = len(draft.text.encode())
    return Document(
        uuid4(),
        digest,
        draft.title,
        draft.source,
        draft.media_type,
        size,
        len(pieces),
        "pending",
        draft.metadata,
        draft.by,
        datetime.now(UTC),
    )
