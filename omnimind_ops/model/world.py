"""World: one system that OmniMind runs, native or embedded.

Code that starts, stops, probes or shows services gets a World; omnimind_ops.world finds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Mode(StrEnum):
    """What runs the services."""

    NATIVE = "native"  # systemd, as root
    EMBEDDED = "embedded"  # supervisor, as the user who ran `omnimind up`


@dataclass(frozen=True)
class Ports:
    """TCP ports, all on 127.0.0.1; `backends` in order of preference."""

    backends: tuple[int, ...] = (8000, 8080, 3001)
    frontend: int = 3000
    redis: int = 6379
    postgres: int = 5432
    qdrant: int = 6333


@dataclass(frozen=True)
class World:
    """One system: its mode, ports, folders and credentials.

    Credentials are "" if they cannot be read (natively, without root).
    """

    mode: Mode
    ports: Ports
    workers: int  # processes for each backend port
    state: Path  # journal, receipts, OmniMind's own data
    config: Path
    logs: Path
    run: Path  # sockets and PID files
    uploads: Path
    stores: tuple[Path, Path, Path]  # data of PostgreSQL, Redis, Qdrant
    collection: str = "universal_machine_embeddings"
    critical_seconds: int = 300  # maximum start time of a critical service
    secondary_seconds: int = 180  # maximum start time of any other service
    auto_recovery: bool = True  # the guard may restart services
    units: tuple[str, ...] = ()  # native: the units that omnimind.target wants, and PostgreSQL's real unit
    standin: bool = False  # embedded: Qdrant is the stand-in, not the real program
    redis_url: str = field(default="", repr=False)
    postgres_dsn: str = field(default="", repr=False)
    qdrant_url: str = ""
    qdrant_key: str = field(default="", repr=False)

    @property
    def native(self) -> bool:
        """Return whether systemd runs the system."""
        return self.mode is Mode.NATIVE

    @property
    def engine_socket(self) -> Path:
        """Return the path of the engine's unix socket."""
        return self.run / "engine.sock"

    @property
    def journal(self) -> Path:
        """Return the path of the SQLite file with runs and recoveries."""
        return self.state / "journal.db"

    @property
    def lock(self) -> Path:
        """Return the path of the lock, which is held (flock) while something changes this system."""
        return Path("/run/omnimind.lock") if self.native else self.state / "lock"

    @property
    def has_credentials(self) -> bool:
        """Return whether the stores can be queried."""
        return bool(self.redis_url and self.postgres_dsn)
