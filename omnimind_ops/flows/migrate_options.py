"""Options of a migration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class MigrateOptions:
    """Options from the command line; empty means detect it."""

    project: str = ""
    path: Path | None = None
    qdrant_backup: Path | None = None
    qdrant_binary: Path | None = None
    redis_backup: Path | None = None
    redis_empty: bool = False
    qdrant_collection: str = ""
    qdrant_collection_config: Path | None = None
    listen: str = ""  # as-before, loopback; "" is loopback where nobody can be asked
