"""Add and delete documents, keeping PostgreSQL and Qdrant consistent.

PostgreSQL is the list of documents, Qdrant holds their vectors.

The order of writes makes it safe. Add: row pending → points → row ready. Delete: row deleting → points deleted → row
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
from backend.documents.chunking import split
from backend.documents.indexing import PreparedDocument, write
from backend.documents.repository import Document
from backend.embeddings.service import Embedder
from backend.http.errors import ApiProblem
from backend.http.timing import Timing

MAX_CHUNKS = 5000
EMBED_SLICE = 256
"""Chunks per request to the engine. Other requests get their turn between two of them."""


@dataclass(frozen=True)
class NewDocument:
    """A document to store."""

    text: str
    title: str
    source: str
    media_type: str
    metadata: dict[str, Any]
    overlap: int
    author: UUID | None

    @property
    def content_hash(self) -> bytes:
        """Return the hash that identifies a document: of title and text, normalised to NFC."""
        return hashlib.sha256(unicodedata.normalize("NFC", f"{self.title}\0{self.text}").encode()).digest()


@dataclass(frozen=True)
class AddResult:
    """The document, whether this call created it, and how many chunks the model truncated."""

    document: Document
    is_new: bool
    truncated: int = 0


async def add(pools: Pools, collection: str, embedder: Embedder, new: NewDocument, timing: Timing) -> AddResult:
    """Store a document. An existing one is returned unchanged."""
    digest = await asyncio.to_thread(lambda: new.content_hash)
    with timing.stage("postgres"):
        async with pools.postgres.connection() as connection:
            existing = await documents.find_by_hash(connection, digest)
    if existing and existing.state == "ready":
        return AddResult(existing, False)
    with timing.stage("chunk"):
        chunks = await asyncio.to_thread(_split, new)
    vectors, truncated = await _embed(embedder, chunks, timing)
    shape = await pools.qdrant.ensure_collection(collection, len(vectors[0]) // 4)
    async with locks.hold(pools.postgres, locks.key_of(digest)) as connection:
        existing = await documents.find_by_hash(connection, digest)
        if existing and existing.state == "ready":
            return AddResult(existing, False)
        if existing:  # the lock is held, so the writer that began it is gone
            await documents.mark_deleted(connection, existing.id, existing.state)
        return AddResult(
            await write(
                pools,
                connection,
                PreparedDocument(_document(new, digest, chunks), chunks, vectors, shape, collection),
                timing,
            ),
            True,
            truncated,
        )


async def delete(pools: Pools, collection: str, id_: UUID, timing: Timing) -> bool:
    """Delete a document. Raises 404 if it does not exist.

    Returns False if it is gone for readers but its points wait for Qdrant to come back.
    """
    with timing.stage("postgres"):
        async with pools.postgres.connection() as connection:
            document = await documents.find(connection, id_)
        if not document or document.state != "ready":
            raise missing(id_)
        async with locks.hold(pools.postgres, locks.key_of(document.content_hash)) as connection:
            if not await documents.mark_deleted(connection, id_, "ready"):
                raise missing(id_)
    try:
        with timing.stage("qdrant"):
            await pools.qdrant.delete(collection, document.point_ids)
    except ApiProblem:
        return False
    with timing.stage("postgres"):
        async with pools.postgres.connection() as connection:
            await documents.delete_tombstone(connection, id_)
    return True


def missing(id_: UUID) -> ApiProblem:
    """Return the 404 problem."""
    return ApiProblem(404, "no such document", f"there is no document {id_}")


def _split(new: NewDocument) -> list[str]:
    chunks = split(new.text, overlap=new.overlap)
    if not chunks:
        raise ApiProblem(422, "the document is empty", "it contains only white space")
    if len(chunks) > MAX_CHUNKS:
        raise ApiProblem(
            413,
            "the document is too long",
            f"it has {len(chunks)} chunks; the limit is {MAX_CHUNKS}",
            fix="split it into several documents",
        )
    return chunks


async def _embed(embedder: Embedder, chunks: Sequence[str], timing: Timing) -> tuple[list[bytes], int]:
    rows, truncated = [], 0
    for start in range(0, len(chunks), EMBED_SLICE):
        embeddings = await embedder.embed(chunks[start : start + EMBED_SLICE], timing)
        rows += embeddings.rows
        truncated += embeddings.truncated
    return rows, truncated


def _document(new: NewDocument, digest: bytes, chunks: Sequence[str]) -> Document:
    size = len(new.text.encode())
    return Document(
        uuid4(),
        digest,
        new.title,
        new.source,
        new.media_type,
        size,
        len(chunks),
        "pending",
        new.metadata,
        new.author,
        datetime.now(UTC),
    )
