"""Settings of one worker: read from the environment once and passed down.

The variable of a setting is OMNIMIND_ and its name in capitals. omnimind_ops/model/environment.py writes those that
come from the System; the limits at the end have no other source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from omnimind_ops.model import environment as written
from omnimind_ops.model.native import ENGINE_SOCKET
from omnimind_ops.model.system import System

SYSTEM = System()
STATE = "/var/lib/omnimind"


@dataclass(frozen=True)
class Settings:
    """Addresses, paths and limits. URLs may contain passwords."""

    port: int = 8000
    worker: str = "1"
    postgres_dsn: str = field(default=written.postgres_dsn(SYSTEM), repr=False)
    redis_url: str = field(default=written.redis_url(SYSTEM), repr=False)
    qdrant_url: str = written.qdrant_url(SYSTEM)
    qdrant_api_key: str = field(default="", repr=False)
    collection: str = SYSTEM.collection
    engine: str = ENGINE_SOCKET
    uploads: str = SYSTEM.uploads
    journal: str = f"{STATE}/journal.db"
    bench: str = f"{STATE}/bench"
    frontend_port: int = SYSTEM.frontend_port
    backend_ports: tuple[int, ...] = SYSTEM.backend_ports
    hosts: tuple[str, ...] = ()  # more names and addresses under which clients reach this machine
    open_reads: bool = SYSTEM.open_reads  # users of this machine may read without logging in

    check_seconds: float = 2.0  # time limit of a service's health check
    body_bytes: int = 16 * 1024 * 1024  # limit for every request except uploads
    body_seconds: float = 60.0  # time for a body to arrive; for an upload, time between two pieces
    upload_bytes: int = 512 * 1024 * 1024
    requests_per_minute: int = 60_000  # of one caller
    logins_per_minute: int = 10  # failed logins of one caller
    session_hours: int = 12
    telemetry_seconds: float = 1.0  # interval between two ticks
    cache_days: int = 7  # lifetime of an embedding in Redis


VARIABLES = {f"OMNIMIND_{one.name.upper()}": one for one in fields(Settings)}
"""Every variable that a worker reads, and its setting."""


def load(environment: Mapping[str, str]) -> Settings:
    """Return the settings from the OMNIMIND_* variables; an empty one counts as not set."""
    given = {name: text for name in VARIABLES if (text := environment.get(name))}
    return Settings(**{VARIABLES[name].name: _value(text, VARIABLES[name].default) for name, text in given.items()})


def _value(text: str, default: Any) -> Any:
    """Return a variable's value as the type of its setting's default; ValueError if it is not one."""
    if isinstance(default, bool):
        return text.lower() in ("1", "yes", "true", "on")
    if isinstance(default, tuple):
        return tuple(int(part) if default else part for part in text.split(","))
    return type(default)(text)
