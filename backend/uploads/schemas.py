"""Answer of /uploads."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class UploadAnswer(BaseModel):
    """One uploaded file; `sha256` in hex, of the file itself."""

    id: UUID
    name: str
    media_type: str
    bytes: int
    sha256: str
    created_by: UUID | None
    created_at: datetime
