"""Programs of an embedded system: command, environment, user, socket, stop signal and watchdog of each.

Start at programs().
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import omnimind_ops
from omnimind_ops.catalogue import Kind, services
from omnimind_ops.embedded import model, postgres, valkey
from omnimind_ops.embedded.home import Home, recall
from omnimind_ops.model import environment as variables
from omnimind_ops.model.world import World

MARK = "OMNIMIND_EMBEDDED"
"""Variable in the environment of every process of an embedded system; its value is the state directory.
With it, `down` also finds orphaned processes.
"""
WATCHDOG_SECONDS = 30.0
ENGINE_WATCHDOG_SECONDS = 60.0
READY_SECONDS, ENGINE_READY_SECONDS = 120, 300


@dataclass(frozen=True)
class Program:
    """One program; `name` is its name in supervisor."""

    name: str
    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: str = "/"
    user: str | None = None  # None: the current user
    socket: str = ""  # listening socket that it gets as file 3: "tcp:PORT" or "unix:PATH"
    signal: str = "TERM"  # for a graceful stop
    stop_seconds: int = 20
    stays_seconds: int = 2  # a program that ends sooner is restarted with growing delays
    ready_seconds: int = 0  # limit for its READY=1; 0: it does not report readiness
    watchdog_seconds: float = 0  # maximum interval between two WATCHDOG=1, after the first


def programs(
    world: World, home: Home, environment: Mapping[str, str], engine: Mapping[str, str]
) -> tuple[Program, ...]:
    """Return every program, in the catalogue's order; `environment` is the user's, `engine` holds the engine's
    variables from the GPU check.
    """
    made = {"postgres": _postgres(world, home), "redis": _redis(home), "qdrant": _qdrant(world, home)}
    ours = {**backend(world), **engine}
    for service in services(world):
        if service.kind in (Kind.ENGINE, Kind.FRONTEND, Kind.GUARD):
            made[service.processes[0]] = _python(world, home, service.kind, ours, environment)
        for number, name in enumerate(service.processes, 1) if service.kind is Kind.BACKEND else ():
            made[name] = _worker(name, service.port or 0, number, ours, environment)
    return tuple(made.values())


def backend(world: World) -> dict[str, str]:
    """Return the variables of the backend, its engine and its migrations."""
    return {
        **python_environment(),
        **variables.stores(world.postgres_dsn, world.redis_url, world.qdrant_url, world.qdrant_key),
        **variables.services(world.system, str(world.engine_socket), world.state),
    }


def python_environment() -> dict[str, str]:
    """Return the variables with which Python finds omnimind's modules, from a wheel or a checkout, without the user's
    own Python settings.
    """
    return {"PYTHONPATH": str(Path(omnimind_ops.__file__).parents[1]), "PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1"}


def python(module: str) -> tuple[str, ...]:
    """Return the command that runs an omnimind module; a crash writes its stack to the log."""
    return sys.executable, "-X", "faulthandler", "-m", module


def real_qdrant() -> str:
    """Return the path of a Qdrant program on PATH, "" when there is none."""
    return shutil.which("qdrant") or ""


def _postgres(world: World, home: Home) -> Program:
    user = postgres.owner()
    arguments = postgres.server_command(
        home.postgres, world.system.postgres_port, place=postgres.folder(home.state / "programs")
    )
    # INT is its fast shutdown; TERM waits until every client disconnects.
    return Program(
        "postgres",
        arguments,
        {"LC_ALL": "C.UTF-8", "HOME": str(home.postgres)},
        str(home.postgres),
        user,
        signal="INT",
        stop_seconds=60,
        stays_seconds=1,
    )


def _redis(home: Home) -> Program:
    return Program(
        "redis",
        valkey.server_command(home.config / "valkey.conf"),
        {},
        str(home.redis),
        stop_seconds=30,
        stays_seconds=1,
    )


def _qdrant(world: World, home: Home) -> Program:
    arguments = python("omnimind_ops.embedded.qdrant") if world.standin else (recall(home).qdrant,)
    environment = {
        **python_environment(),
        "QDRANT__SERVICE__HOST": "127.0.0.1",
        "QDRANT__SERVICE__HTTP_PORT": str(world.system.qdrant_port),
        "QDRANT__SERVICE__API_KEY": world.qdrant_key,
        "QDRANT__STORAGE__STORAGE_PATH": str(home.qdrant / "storage"),
        "QDRANT__STORAGE__SNAPSHOTS_PATH": str(home.qdrant / "snapshots"),
        "QDRANT__TELEMETRY_DISABLED": "true",
    }
    return Program("qdrant", arguments, environment, str(home.qdrant), stop_seconds=60, stays_seconds=1)


def _python(world: World, home: Home, kind: Kind, ours: Mapping[str, str], environment: Mapping[str, str]) -> Program:
    if kind is Kind.ENGINE:
        return Program(
            "engine", python("backend.engine"), {**model.environment(home, ours), **_watch(environment, ENGINE_WATCHDOG_SECONDS)}, str(world.state),
            socket=f"unix:{world.engine_socket}", ready_seconds=ENGINE_READY_SECONDS, watchdog_seconds=_seconds(environment, ENGINE_WATCHDOG_SECONDS),
        )  # fmt: skip
    if kind is Kind.FRONTEND:
        page = {
            "OMNIMIND_PORT": str(world.system.frontend_port),
            "OMNIMIND_BACKEND_PORTS": ours["OMNIMIND_BACKEND_PORTS"],
        }  # it needs no password
        arguments = {**python_environment(), **page, **_watch(environment, WATCHDOG_SECONDS)}
        return Program(
            "frontend", python("backend.page"), arguments, str(world.state),
            socket=f"tcp:{world.system.frontend_port}", ready_seconds=READY_SECONDS, watchdog_seconds=_seconds(environment, WATCHDOG_SECONDS),
        )  # fmt: skip
    arguments = {**python_environment(), **_watch(environment, WATCHDOG_SECONDS)}
    watch = _seconds(environment, WATCHDOG_SECONDS)
    return Program(
        "guard",
        python("omnimind_ops.flows.guard"),
        arguments,
        str(world.state),
        ready_seconds=READY_SECONDS,
        watchdog_seconds=watch,
    )


def _worker(name: str, port: int, number: int, ours: Mapping[str, str], environment: Mapping[str, str]) -> Program:
    # Two arenas: glibc's default of eight per core retains tens of MB after large responses.
    arguments = {
        **ours,
        "OMNIMIND_PORT": str(port),
        "OMNIMIND_WORKER": str(number),
        "MALLOC_ARENA_MAX": "2",
        **_watch(environment, WATCHDOG_SECONDS),
    }
    watch = _seconds(environment, WATCHDOG_SECONDS)
    return Program(
        name,
        python("backend"),
        arguments,
        ours["OMNIMIND_UPLOADS"],
        socket=f"tcp:{port}",
        ready_seconds=READY_SECONDS,
        watchdog_seconds=watch,
    )


def _watch(environment: Mapping[str, str], usual: float) -> dict[str, str]:
    return {"WATCHDOG_USEC": str(int(_seconds(environment, usual) * 1e6))}


def _seconds(environment: Mapping[str, str], usual: float) -> float:
    """Return the watchdog interval. Tests may shorten it; it is never longer than usual."""
    given = environment.get("OMNIMIND_WATCHDOG_SECONDS", "")
    return min(usual, float(given)) if given else usual


def environment_of_supervisor(environment: Mapping[str, str], home: Home) -> dict[str, str]:
    """Return the environment of all programs: the user's settings for omnimind, and as little else as possible."""
    kept = (
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "TZ",
        "LD_LIBRARY_PATH",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "TMPDIR",
        "HF_HOME",
    )
    arguments = {
        key: value
        for key, value in environment.items()
        if key in kept or key.startswith(("OMNIMIND_", "XDG_", "CUDA_", "NVIDIA_", "QISKIT_"))
    }
    return {
        "PATH": os.defpath,
        **arguments,
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "NOTIFY_SOCKET": str(home.run / "notify.sock"),
        MARK: str(home.state),
    }
