"""The native system: as it was recorded, or, without a record, as its installed units describe it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from omnimind_ops.model import environment, native
from omnimind_ops.model.system import System, shared
from omnimind_ops.model.world import Mode, World
from omnimind_ops.settings import Settings, updated

if TYPE_CHECKING:
    from omnimind_ops.model.goal import Goal
    from omnimind_ops.paths import Paths

FOLDER = "etc/systemd/system"
_WORKER = re.compile(r"omnimind-(\d+)@(\d+)\.service")


def world(settings: Settings, paths: Paths, goals: Iterable[Goal] = ()) -> World:
    """Return the World of a host with OmniMind's units. Without root its credentials are "".

    The System is the first of the recorded `goals` that fits the installed units. Without one (a host of an earlier
    version, or a user who must not read the journal) it is read from the units and the env files.
    """
    units = _parse_wants((paths.root / FOLDER / native.TARGET).read_text())
    variables = _read_env_files(paths.secrets)
    recorded = next((goal for goal in goals if set(native.workers(goal)) == _workers(units)), None)
    goal = recorded or _installed(settings, paths, units, variables)
    system = updated(System(**shared(goal)), settings)
    return World(
        mode=Mode.NATIVE,
        system=system,
        state=paths.state,
        config=paths.config,
        logs=paths.logs,
        run=paths.root / "run/omnimind",
        postgres=paths.root / "var/lib/postgresql",
        units=(*units, *_postgres_cluster(paths.root, system.postgres_port)),
        redis_url=variables.get("OMNIMIND_REDIS_URL", ""),
        postgres_dsn=variables.get("OMNIMIND_POSTGRES_DSN", ""),
        qdrant_url=variables.get("OMNIMIND_QDRANT_URL") or environment.qdrant_url(system),
        qdrant_key=variables.get("OMNIMIND_QDRANT_API_KEY") or variables.get("QDRANT__SERVICE__API_KEY", ""),
    )


def _installed(settings: Settings, paths: Paths, units: tuple[str, ...], variables: Mapping[str, str]) -> System:
    """Return the settings, corrected by what the units and env files say of ports and workers."""
    workers = [(int(hit[1]), int(hit[2])) for unit in units if (hit := _WORKER.fullmatch(unit))]
    return replace(
        settings,
        backend_ports=tuple(dict.fromkeys(port for port, _ in workers)) or settings.backend_ports,
        workers=max((number for _, number in workers), default=settings.workers),
        frontend_port=_listen_port(paths.root / FOLDER / native.FRONTEND[0]) or settings.frontend_port,
        redis_port=_port(variables.get("OMNIMIND_REDIS_URL")) or settings.redis_port,
        postgres_port=_port(variables.get("OMNIMIND_POSTGRES_DSN")) or settings.postgres_port,
        qdrant_port=_port(variables.get("OMNIMIND_QDRANT_URL")) or settings.qdrant_port,
    )


def _workers(units: tuple[str, ...]) -> set[str]:
    return {unit for unit in units if _WORKER.fullmatch(unit)}


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
