"""The native system as described by its installed units: neither the journal nor the settings are read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from omnimind_ops.model import native
from omnimind_ops.model.world import Mode, Ports, World

if TYPE_CHECKING:
    from omnimind_ops.paths import Paths
    from omnimind_ops.settings import Settings

FOLDER = "etc/systemd/system"
_WORKER = re.compile(r"omnimind-(\d+)@(\d+)\.service")


def world(settings: Settings, paths: Paths) -> World:
    """Return the World of a host with OmniMind's units. Without root its credentials are ""."""
    units = _parse_wants((paths.root / FOLDER / native.TARGET).read_text())
    workers = [(int(match[1]), int(match[2])) for unit in units if (match := _WORKER.fullmatch(unit))]
    env = _read_env_files(paths.secrets)
    backends = tuple(dict.fromkeys(port for port, _ in workers)) or settings.backend_ports
    ports = Ports(
        backends,
        _listen_port(paths.root / FOLDER / native.FRONTEND[0]) or settings.frontend_port,
        _port(env.get("OMNIMIND_REDIS_URL")) or settings.redis_port,
        _port(env.get("OMNIMIND_POSTGRES_DSN")) or settings.postgres_port,
        _port(env.get("OMNIMIND_QDRANT_URL")) or settings.qdrant_port,
    )
    return World(
        mode=Mode.NATIVE,
        ports=ports,
        workers=max((number for _, number in workers), default=settings.workers),
        state=paths.state,
        config=paths.config,
        logs=paths.logs,
        run=paths.root / "run/omnimind",
        uploads=Path(settings.uploads),
        stores=(paths.root / "var/lib/postgresql", Path(settings.redis_dir), Path(settings.qdrant_home)),
        collection=settings.collection,
        critical_seconds=settings.critical_timeout,
        secondary_seconds=settings.secondary_timeout,
        auto_recovery=settings.auto_recovery,
        units=(*units, *_postgres_cluster(paths.root, ports.postgres)),
        redis_url=env.get("OMNIMIND_REDIS_URL", ""),
        postgres_dsn=env.get("OMNIMIND_POSTGRES_DSN", ""),
        qdrant_url=env.get("OMNIMIND_QDRANT_URL") or f"http://127.0.0.1:{ports.qdrant}",
        qdrant_key=env.get("OMNIMIND_QDRANT_API_KEY") or env.get("QDRANT__SERVICE__API_KEY", ""),
    )


def may_stop(world: World, unit: str, root: Path = Path("/")) -> bool:
    """Return whether OmniMind may stop a unit: its own by name, or a packaged one with OmniMind's drop-in.

    A PostgreSQL that was on the host before has no drop-in.
    """
    return (
        not world.native
        or unit.startswith("omnimind")
        or unit == native.QDRANT
        or (root / FOLDER / f"{unit}.d" / "omnimind.conf").exists()
    )


def _parse_wants(target: str) -> tuple[str, ...]:
    return tuple(
        unit
        for line in target.splitlines()
        if line.startswith("Wants=")
        for unit in line.removeprefix("Wants=").split()
    )


def _read_env_files(folder: Path) -> dict[str, str]:
    """Return the variables of the env files, none if they cannot be read."""
    variables: dict[str, str] = {}
    try:
        for file in sorted(folder.glob("*.env")):
            for line in file.read_text().splitlines():
                key, is_set, value = line.partition("=")
                if is_set and not key.startswith("#"):
                    variables[key.strip()] = value.strip().strip('"')
    except OSError:
        return {}
    return variables


def _port(url: str | None) -> int | None:
    try:
        return urlsplit(url).port if url else None
    except ValueError:
        return None


def _listen_port(socket: Path) -> int | None:
    try:
        match = re.search(r"^ListenStream=.*:(\d+)$", socket.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(match[1]) if match else None


def _postgres_cluster(root: Path, port: int) -> tuple[str, ...]:
    """Return the unit of the PostgreSQL cluster on that port, as Debian names it.

    postgresql.service only groups all clusters.
    """
    for file in sorted((root / "etc/postgresql").glob("*/*/postgresql.conf"), reverse=True):
        match = re.search(r"^\s*port\s*=\s*'?(\d+)", file.read_text(errors="replace"), re.MULTILINE)
        if match and int(match[1]) == port:
            return (f"postgresql@{file.parts[-3]}-{file.parts[-2]}.service",)
    return ()
