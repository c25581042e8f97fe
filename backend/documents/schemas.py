"""Bodies of /documents."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from backend.documents.repository import Document

MAX_METADATA_BYTES = 64 * 1024
MAX_DEPTH = 8
DEFAULT_OVERLAP = 100


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain the character U+0000, which PostgreSQL cannot store")
    return text


def _metadata(value: dict[str, Any]) -> dict[str, Any]:
    """Accept what PostgreSQL and Qdrant can both keep."""
    import orjson

    _check(value, 0)
    if len(orjson.dumps(value)) > MAX_METADATA_BYTES:
        raise ValueError(f"must be at most {MAX_METADATA_BYTES} bytes of JSON")
    return value


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"must not be nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        for key, item in value.items():
            _no_nul(key)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, str):
        _no_nul(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must contain only finite numbers")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("must contain only 64-bit integers")


CleanText = Annotated[str, AfterValidator(_no_nul)]
Metadata = Annotated[dict[str, Any], AfterValidator(_metadata)]


class DocumentRequest(BaseModel):
    """A text to keep. Its title is its first line where none is given; `overlap` is how many characters a chunk repeats of the one before."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: CleanText = Field(pattern=r"\S")
    title: CleanText = Field(default="", max_length=500)
    source: CleanText = Field(default="", max_length=2000)
    metadata: Metadata = Field(default_factory=dict)
    overlap: int = Field(default=DEFAULT_OVERLAP, ge=0, le=500, strict=False)


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
    def of(cls, document: Document, **more: Any) -> Self:
        """Return the answer for a document of the store."""
        fields = (name for name in DocumentAnswer.model_fields)
        return cls(**{name: getattr(document, name) for name in fields}, **more)


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
