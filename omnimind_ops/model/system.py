"""System: what describes OmniMind wherever it runs: ports, names, folders, limits.

It is the only place that declares these fields. Settings and Goal are a System with more fields; a World has one.
docs/decisions/027-one-description-of-the-system.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from omnimind_ops.model.rules import setting

PORT: dict[str, Any] = {"least": 1, "most": 65535}
SINGLE_PORTS = ("frontend_port", "redis_port", "postgres_port", "qdrant_port")
_MODEL = r"^(/.+|[A-Za-z0-9][\w.-]*/[\w.-]+)?$"


@dataclass(frozen=True)
class System:
    """Fields that the settings, the goal and the running system share, each with its default, help and limits."""

    backend_ports: tuple[int, ...] = setting(
        (8000, 8080, 3001), "one backend for each port, first choice first", item=int, filled=True, **PORT
    )
    workers: int = setting(2, "processes for each backend", least=1, most=64)
    frontend_port: int = setting(3000, "port of the page", **PORT)
    redis_port: int = setting(6379, "port of Redis", **PORT)
    postgres_port: int = setting(5432, "port of PostgreSQL", **PORT)
    qdrant_port: int = setting(6333, "port of Qdrant's REST API", **PORT)
    user: str = setting(
        "omnimind", "system user of the services; made when missing", pattern=r"^[a-z_][a-z0-9_-]{0,31}$"
    )
    database: str = setting(
        "omnimind", "PostgreSQL database and role; made when missing", pattern=r"^[a-z_][a-z0-9_]{0,62}$"
    )
    collection: str = setting(
        "universal_machine_embeddings", "Qdrant collection that the backend searches", filled=True
    )
    model: str = setting(
        "", "folder of a sentence-transformers model, or its name on a hub; all-MiniLM-L6-v2 when empty", pattern=_MODEL
    )
    mode: str = setting(
        "auto", "how the engine computes on a CPU: auto, exact or fast", choices=("auto", "exact", "fast")
    )
    open_reads: bool = setting(False, "whoever is on this host may search and read without logging in")
    uploads: str = setting("/var/lib/omnimind/uploads", "folder of uploaded files", filled=True, absolute=True)
    qdrant_home: str = setting(
        "/var/lib/qdrant", "folder that holds Qdrant's storage and snapshots", filled=True, absolute=True
    )
    redis_dir: str = setting(
        "/var/lib/redis",
        "folder of Redis' data; the packaged unit can write to no other without a drop-in",
        filled=True,
        absolute=True,
    )
    wheelhouse: str = setting(
        "", "folder of wheels for a host without a network; the package index when empty", absolute=True
    )
    critical_timeout: int = setting(
        300, "seconds that a service without which nothing works may take to start", least=1
    )
    secondary_timeout: int = setting(180, "seconds that any other service may take to start", least=1)
    auto_recovery: bool = setting(True, "the guard restarts what fails its deep health check again and again")

    listen: tuple[str, ...] = ()
    """More addresses of ports than 127.0.0.1, as "0.0.0.0:8000": omnimind_ops/model/listen.py. No setting."""
    hosts: tuple[str, ...] = ()
    """More names than localhost under which clients reach the page and the backends. No setting."""

    @property
    def ports(self) -> tuple[int, ...]:
        """Return all ports, in start order."""
        return (self.postgres_port, self.redis_port, self.qdrant_port, *self.backend_ports, self.frontend_port)


Kind = TypeVar("Kind", bound=System)


def shared(source: System) -> dict[str, Any]:
    """Return the fields that every System has, by name: what a Goal takes from the Settings."""
    return {field.name: getattr(source, field.name) for field in fields(System)}


def with_ports(system: Kind, instead: Mapping[int, int]) -> Kind:
    """Return the system with some of its ports replaced."""
    single = {name: instead.get(getattr(system, name), getattr(system, name)) for name in SINGLE_PORTS}
    return replace(system, backend_ports=tuple(instead.get(port, port) for port in system.backend_ports), **single)


def ports_by_service(system: System) -> dict[str, Any]:
    """Return the ports as `omnimind up --json` and embedded.json name them."""
    return {
        "backends": list(system.backend_ports),
        **{name.removesuffix("_port"): getattr(system, name) for name in SINGLE_PORTS},
    }


def fields_of_ports(ports: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a System from what ports_by_service() returned; a missing or unknown key is a KeyError."""
    given = dict(ports)
    found = {"backend_ports": tuple(given.pop("backends"))}
    found |= {name: given.pop(name.removesuffix("_port")) for name in SINGLE_PORTS}
    if given:
        raise KeyError(next(iter(given)))
    return found
