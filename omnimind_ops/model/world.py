"""World: a System that is set up on this machine, native or embedded.

Code that starts, stops, probes or shows services gets a World; omnimind_ops.world finds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from omnimind_ops.model.system import System


class Mode(StrEnum):
    """What runs the services."""

    NATIVE = "native"  # systemd, as root
    EMBEDDED = "embedded"  # supervisor, as the user who ran `omnimind up`


@dataclass(frozen=True)
class World:
    """A System, what runs it, its folders and its credentials.

    Credentials are "" if they cannot be read (natively, without root).
    """

    mode: Mode
    system: System
    state: Path  # journal, receipts, OmniMind's own data
    config: Path
    logs: Path
    run: Path  # sockets and PID files
    postgres: Path  # data of PostgreSQL; the folders of the other stores are in `system`
    units: tuple[str, ...] = ()  # native: the units that omnimind.target wants, and PostgreSQL's real unit
    standin: bool = False  # embedded: Qdrant is the stand-in, not the real program
    redis_url: str = field(default="", repr=False)
    postgres_dsn: str = field(default="", repr=False)
    postgres_admin: str = field(default="", repr=False)  # embedded: connection string of the cluster's superuser
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
