"""Options of a migration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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
    redis_password_file: Path | None = None
    qdrant_api_key_file: Path | None = None
    redis_service: str = ""
    qdrant_service: str = ""
    listen: str = ""  # as-before, loopback; "" is loopback where nobody can be asked
    ask_password: Callable[[str], str] | None = field(default=None, compare=False, repr=False)
    """Asks on the terminal for the password that its argument names; None without one. No option."""
