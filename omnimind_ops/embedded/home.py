"""State directory of an embedded system, by the XDG rules, and the state that it saves between commands."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from omnimind_ops.embedded import secrets
from omnimind_ops.model import environment
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.system import System, fields_of_ports, ports_by_service, shared
from omnimind_ops.model.world import Mode, World

if TYPE_CHECKING:
    from omnimind_ops.settings import Settings

FOR_ROOT = Path("/var/lib/omnimind-embedded")
"""Not below /root: PostgreSQL runs as another user there and must reach its data."""
LONGEST_SOCKET = 100  # bytes of a unix socket's path; the kernel takes 107
ROLE = DATABASE = "omnimind"
SUPERUSER = "postgres"
SAVED = ("workers", "collection", "uploads")


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

    system: System  # only its ports and the fields in SAVED are saved
    standin: bool = True
    qdrant: str = ""  # path of the real program, "" for the stand-in
    moved: Mapping[int, int] = field(default_factory=dict)


def place(variables: Mapping[str, str]) -> Home:
    """Return the state directory of this user's embedded system: $XDG_STATE_HOME/omnimind, ~/.local/state/omnimind, or
    /var/lib/omnimind-embedded for root.
    """
    given = variables.get("XDG_STATE_HOME", "")
    if given.startswith("/"):  # the XDG specification: relative paths are ignored
        return Home(Path(given) / "omnimind")
    if os.geteuid() == 0:
        return Home(FOR_ROOT)
    own = variables.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir
    return Home(Path(own) / ".local/state/omnimind")


def save(home: Home, memory: Memory) -> None:
    """Write the choices of a start."""
    system = memory.system
    members = {
        "ports": ports_by_service(system),
        **{name: getattr(system, name) for name in SAVED},
        "standin": memory.standin,
        "qdrant": memory.qdrant,
        "moved": memory.moved,
    }
    secrets.write(home.memory, json.dumps(members, indent=1) + "\n")


def recall(home: Home, settings: System | None = None) -> Memory:
    """Return the choices of the last start; `settings` has the fields that are not saved.

    An unreadable file is a Problem.
    """
    try:
        members = json.loads(home.memory.read_text())
        saved = {**fields_of_ports(members.pop("ports")), **{name: members.pop(name) for name in SAVED}}
        moved = {int(wanted): port for wanted, port in members.pop("moved").items()}
        return Memory(replace(system_of(settings or System(), home), **saved), moved=moved, **members)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Problem(
            "cannot read the embedded system's memory",
            f"{home.memory}: {error}",
            "delete this file and start again: omnimind up",
        ) from error


def system_of(settings: System, home: Home) -> System:
    """Return an embedded system with these settings: its names and the stores' folders are its own."""
    own = {"user": ROLE, "database": DATABASE, "redis_dir": str(home.redis), "qdrant_home": str(home.qdrant)}
    return System(**{**shared(settings), **own})


def world(settings: Settings, home: Home) -> World:
    """Return the system description of an embedded system that was started before."""
    memory, key = recall(home, settings), secrets.read(home.secrets)
    user, password = (SUPERUSER, key.superuser) if key.superuser else (ROLE, key.postgres)
    superuser = replace(memory.system, user=user, database="postgres")
    return World(
        mode=Mode.EMBEDDED,
        system=memory.system,
        state=home.state,
        config=home.config,
        logs=home.logs,
        run=home.run,
        postgres=home.postgres,
        standin=memory.standin,
        redis_url=environment.redis_url(memory.system, "default", key.redis),
        postgres_dsn=environment.postgres_dsn(memory.system, key.postgres),
        postgres_admin=environment.postgres_dsn(superuser, password),
        qdrant_url=environment.qdrant_url(memory.system),
        qdrant_key=key.qdrant,
    )
