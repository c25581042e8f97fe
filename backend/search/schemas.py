"""Answer of /search."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class DocumentRef(BaseModel):
    """The document that a result is a chunk of."""

    id: str
    title: str
    chunk: int


class Result(BaseModel):
    """One point. `document` is None for points that were in the collection before; their payload tells what they are."""

    id: str | int
    score: float
    text: str
    source: str
    document: DocumentRef | None
    payload: dict[str, Any]


class SearchAnswer(BaseModel):
    """Results, best first; the scores are Qdrant's, for cosine between -1 and 1."""

    results: list[Result]
    limit: int
    offset: int
    collection: str
    model: str
