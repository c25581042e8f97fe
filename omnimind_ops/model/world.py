"""World: one system that omnimind runs, native or embedded.

Everything that starts, stops, probes or shows services is given one; omnimind_ops.world finds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Mode(StrEnum):
    """Who runs the services."""

    NATIVE = "native"  # systemd, as root
    EMBEDDED = "embedded"  # supervisor, as whoever typed `omnimind up`


@dataclass(frozen=True)
class Ports:
    """TCP ports, all on 127.0.0.1; `backends` in the order of preference."""

    backends: tuple[int, ...] = (8000, 8080, 3001)
    frontend: int = 3000
    redis: int = 6379
    postgres: int = 5432
    qdrant: int = 6333


@dataclass(frozen=True)
class World:
    """One system: its mode, ports, folders and credentials.

    Credentials are "" where they may not be read (natively, without root).
    """

    mode: Mode
    ports: Ports
    workers: int  # processes for each backend port
    state: Path  # journal, receipts, data that is ours
    config: Path
    logs: Path
    run: Path  # sockets and pid files
    uploads: Path
    stores: tuple[Path, Path, Path]  # data of PostgreSQL, Redis, Qdrant
    collection: str = "universal_machine_embeddings"
    critical_seconds: int = 300  # that a service without which nothing works may take to start
    secondary_seconds: int = 180  # that any other may take
    auto_recovery: bool = True  # the guard may restart things
    units: tuple[str, ...] = ()  # native: what omnimind.target wants, and PostgreSQL's real unit
    standin: bool = False  # embedded: Qdrant is the stand-in, not the real program
    redis_url: str = field(default="", repr=False)
    postgres_dsn: str = field(default="", repr=False)
    qdrant_url: str = ""
    qdrant_key: str = field(default="", repr=False)

    @property
    def native(self) -> bool:
        """Tell whether systemd runs it."""
        return self.mode is Mode.NATIVE

    @property
    def engine_socket(self) -> Path:
        """The engine's unix socket."""
        return self.run / "engine.sock"

    @property
    def journal(self) -> Path:
        """The SQLite file that runs and recoveries are written to."""
        return self.state / "journal.db"

    @property
    def lock(self) -> Path:
        """Held (flock) while something changes this system."""
        return Path("/run/omnimind.lock") if self.native else self.state / "lock"

    @property
    def has_credentials(self) -> bool:
        """Tell whether the stores can be asked anything."""
        return bool(self.redis_url and self.postgres_dsn)
