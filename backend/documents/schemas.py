"""Bodies of /documents."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from backend.documents.repository import Document

MOST_METADATA = 64 * 1024
DEEPEST = 8
OVERLAP = 100


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold the character U+0000, which PostgreSQL cannot keep")
    return text


def _metadata(value: dict[str, Any]) -> dict[str, Any]:
    """Accept what PostgreSQL and Qdrant can both keep."""
    import orjson

    _check(value, 0)
    if len(orjson.dumps(value)) > MOST_METADATA:
        raise ValueError(f"must be at most {MOST_METADATA} bytes of JSON")
    return value


def _check(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"must not be nested deeper than {DEEPEST}")
    if isinstance(value, dict):
        for key, one in value.items():
            _no_nul(key)
            _check(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            _check(one, depth + 1)
    elif isinstance(value, str):
        _no_nul(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must hold only finite numbers")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("must hold only whole numbers of 64 bits")


Words = Annotated[str, AfterValidator(_no_nul)]
Metadata = Annotated[dict[str, Any], AfterValidator(_metadata)]


class DocumentRequest(BaseModel):
    """A text to keep. Its title is its first line where none is given; `overlap` is how many characters a chunk repeats of the one before."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Words = Field(pattern=r"\S")
    title: Words = Field(default="", max_length=500)
    source: Words = Field(default="", max_length=2000)
    metadata: Metadata = Field(default_factory=dict)
    overlap: int = Field(default=OVERLAP, ge=0, le=500, strict=False)


class DocumentAnswer(BaseModel):
    """One document; `bytes` of its text in UTF-8, `chunks` is how many."""

    id: UUID
    title: str
    source: str
    media_type: str
    bytes: int
    chunks: int
    metadata: dict[str, Any]
    created_by: UUID | None
    created_at: datetime

    @classmethod
    def of(cls, one: Document, **more: Any) -> Self:
        """Return the answer for a document of the store."""
        fields = (name for name in DocumentAnswer.model_fields)
        return cls(**{name: getattr(one, name) for name in fields}, **more)


class DocumentCreated(DocumentAnswer):
    """The document, and whether this request made it; `truncated` chunks were longer than the model takes, `encoding` is how a file was read."""

    created: bool
    truncated: int
    encoding: str


class DocumentWithChunks(DocumentAnswer):
    """The document, with the text of its chunks where that was asked for."""

    texts: list[str] | None = None


class DocumentPage(BaseModel):
    """Documents, newest first; `total` counts all."""

    items: list[DocumentAnswer]
    total: int
    limit: int
    offset: int


class DocumentDeleting(BaseModel):
    """Gone for every reader; its vectors are deleted as soon as Qdrant answers."""

    id: UUID
    state: str = "deleting"
