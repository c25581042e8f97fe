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
    units = _wanted((paths.root / FOLDER / native.TARGET).read_text())
    found = [(int(hit[1]), int(hit[2])) for unit in units if (hit := _WORKER.fullmatch(unit))]
    words = _words(paths.secrets)
    backends = tuple(dict.fromkeys(port for port, _ in found)) or settings.backend_ports
    ports = Ports(
        backends,
        _listens(paths.root / FOLDER / native.FRONTEND[0]) or settings.frontend_port,
        _port(words.get("OMNIMIND_REDIS_URL")) or settings.redis_port,
        _port(words.get("OMNIMIND_POSTGRES_DSN")) or settings.postgres_port,
        _port(words.get("OMNIMIND_QDRANT_URL")) or settings.qdrant_port,
    )
    return World(
        mode=Mode.NATIVE,
        ports=ports,
        workers=max((number for _, number in found), default=settings.workers),
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
        units=(*units, *_cluster(paths.root, ports.postgres)),
        redis_url=words.get("OMNIMIND_REDIS_URL", ""),
        postgres_dsn=words.get("OMNIMIND_POSTGRES_DSN", ""),
        qdrant_url=words.get("OMNIMIND_QDRANT_URL") or f"http://127.0.0.1:{ports.qdrant}",
        qdrant_key=words.get("OMNIMIND_QDRANT_API_KEY") or words.get("QDRANT__SERVICE__API_KEY", ""),
    )


def is_ours(world: World, unit: str, root: Path = Path("/")) -> bool:
    """Return whether OmniMind may stop a unit: its own by name, or a packaged one with OmniMind's drop-in.

    A PostgreSQL that was on the host before has no drop-in.
    """
    return (
        not world.native
        or unit.startswith("omnimind")
        or unit == native.QDRANT
        or (root / FOLDER / f"{unit}.d" / "omnimind.conf").exists()
    )


def _wanted(target: str) -> tuple[str, ...]:
    return tuple(
        unit
        for line in target.splitlines()
        if line.startswith("Wants=")
        for unit in line.removeprefix("Wants=").split()
    )


def _words(folder: Path) -> dict[str, str]:
    """Return the variables of the env files, none if they cannot be read."""
    found: dict[str, str] = {}
    try:
        for file in sorted(folder.glob("*.env")):
            for line in file.read_text().splitlines():
                key, is_set, value = line.partition("=")
                if is_set and not key.startswith("#"):
                    found[key.strip()] = value.strip().strip('"')
    except OSError:
        return {}
    return found


def _port(url: str | None) -> int | None:
    try:
        return urlsplit(url).port if url else None
    except ValueError:
        return None


def _listens(socket: Path) -> int | None:
    try:
        hit = re.search(r"^ListenStream=.*:(\d+)$", socket.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(hit[1]) if hit else None


def _cluster(root: Path, port: int) -> tuple[str, ...]:
    """Return the unit of the PostgreSQL cluster on that port, as Debian names it.

    postgresql.service only groups all clusters.
    """
    for file in sorted((root / "etc/postgresql").glob("*/*/postgresql.conf"), reverse=True):
        hit = re.search(r"^\s*port\s*=\s*'?(\d+)", file.read_text(errors="replace"), re.MULTILINE)
        if hit and int(hit[1]) == port:
            return (f"postgresql@{file.parts[-3]}-{file.parts[-2]}.service",)
    return ()
