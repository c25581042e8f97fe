"""State directory of an embedded system, by the XDG rules, and the state that it saves between commands."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from omnimind_ops.embedded import secrets
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.world import Mode, Ports, World

if TYPE_CHECKING:
    from omnimind_ops.settings import Settings

FOR_ROOT = Path("/var/lib/omnimind-embedded")
"""Not below /root: PostgreSQL runs as another user there and must reach its data."""
LONGEST_SOCKET = 100  # bytes of a unix socket's path; the kernel takes 107
ROLE = DATABASE = "omnimind"


@dataclass(frozen=True)
class Home:
    """The folders of one user's embedded system. All are below `state`, except the sockets if that path is too long for
    them.
    """

    state: Path

    @property
    def secrets(self) -> Path:
        """Passwords and keys, 0600."""
        return self.state / "secrets.json"

    @property
    def memory(self) -> Path:
        """Choices of the last start: ports, workers, which Qdrant."""
        return self.state / "embedded.json"

    @property
    def config(self) -> Path:
        """Generated configuration of supervisor and the stores, 0700."""
        return self.state / "config"

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.state / "logs"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's cluster."""
        return self.state / "postgres"

    @property
    def redis(self) -> Path:
        """Valkey's append-only file."""
        return self.state / "redis"

    @property
    def qdrant(self) -> Path:
        """Qdrant's storage and snapshots."""
        return self.state / "qdrant"

    @property
    def run(self) -> Path:
        """Sockets and pid files."""
        usual = self.state / "run"
        if len(os.fsencode(usual / "supervisor.sock")) <= LONGEST_SOCKET:
            return usual
        digest = hashlib.sha256(os.fsencode(self.state)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"omnimind-{os.getuid()}-{digest}"

    @property
    def supervisor(self) -> Path:
        """The socket of supervisor, 0600."""
        return self.run / "supervisor.sock"


@dataclass(frozen=True)
class Memory:
    """Saved state of an embedded system: the choices of its last start.

    `moved`: the port used instead of each taken port.
    """

    ports: Ports
    workers: int
    collection: str
    uploads: str
    standin: bool = True
    qdrant: str = ""  # path of the real program, "" for the stand-in
    moved: Mapping[int, int] = field(default_factory=dict)


def place(environment: Mapping[str, str]) -> Home:
    """Return the state directory of this user's embedded system: $XDG_STATE_HOME/omnimind, ~/.local/state/omnimind, or
    /var/lib/omnimind-embedded for root.
    """
    given = environment.get("XDG_STATE_HOME", "")
    if given.startswith("/"):  # the XDG specification: relative paths are ignored
        return Home(Path(given) / "omnimind")
    if os.geteuid() == 0:
        return Home(FOR_ROOT)
    own = environment.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir
    return Home(Path(own) / ".local/state/omnimind")


def recall(home: Home) -> Memory:
    """Return the choices of the last start; an unreadable file is a Problem."""
    try:
        said = json.loads(home.memory.read_text())
        ports = Ports(tuple(said["ports"].pop("backends")), **said["ports"])
        return Memory(
            **{**said, "ports": ports, "moved": {int(wanted): port for wanted, port in said["moved"].items()}}
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Problem(
            "cannot read the embedded system's memory",
            f"{home.memory}: {error}",
            "delete this file and start again: omnimind up",
        ) from error


def world(settings: Settings, home: Home) -> World:
    """Return the system description of an embedded system that was started before."""
    memory = recall(home)
    key = secrets.read(home.secrets)
    ports = memory.ports
    return World(
        mode=Mode.EMBEDDED,
        ports=ports,
        workers=memory.workers,
        state=home.state,
        config=home.config,
        logs=home.logs,
        run=home.run,
        uploads=Path(memory.uploads),
        stores=(home.postgres, home.redis, home.qdrant),
        collection=memory.collection,
        critical_seconds=settings.critical_timeout,
        secondary_seconds=settings.secondary_timeout,
        auto_recovery=settings.auto_recovery,
        standin=memory.standin,
        redis_url=f"redis://default:{key.redis}@127.0.0.1:{ports.redis}/0",
        postgres_dsn=f"postgresql://{ROLE}:{key.postgres}@127.0.0.1:{ports.postgres}/{DATABASE}",
        qdrant_url=f"http://127.0.0.1:{ports.qdrant}",
        qdrant_key=key.qdrant,
    )
