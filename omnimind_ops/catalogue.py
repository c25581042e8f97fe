"""The catalogue: every service of a World, in start order.

All commands read it; no other module defines what runs, in which order, or how long a start may take.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec

from omnimind_ops.model import native
from omnimind_ops.model.world import World


class Kind(StrEnum):
    """The kinds of services."""

    POSTGRES = "postgres"
    REDIS = "redis"
    QDRANT = "qdrant"
    ENGINE = "engine"
    BACKEND = "backend"
    FRONTEND = "frontend"
    GUARD = "guard"


@dataclass(frozen=True)
class Service:
    """One service. `processes` are the manager's own names: systemd units, or supervisor's programs."""

    name: str
    kind: Kind
    critical: bool  # without it nothing works
    start_seconds: int
    after: tuple[str, ...]  # names of services that must be ready before this one is started
    processes: tuple[str, ...]
    port: int | None = None
    socket: str | None = None  # unix socket
    data: str = ""  # folder, "" for none
    sockets: tuple[str, ...] = ()  # native: socket units that are started before and stopped after the processes
    needs: tuple[str, ...] = ()  # names of services that it can start without, but needs to become ready


STORES = (Kind.POSTGRES, Kind.REDIS, Kind.QDRANT)


def services(world: World) -> tuple[Service, ...]:
    """Return every service in start order.

    Workers wait for the stores and the schema, not for the engine: its socket takes connections while it loads.
    """
    return (
        *_stores(world),
        _engine(world),
        *(_backend(world, at, port) for at, port in enumerate(world.system.backend_ports)),
        _frontend(world),
        *_guard(world),
    )


def named(world: World, name: str) -> Service | None:
    """Return the service of that name, None if there is none; a port alone (8000) means its backend."""
    return next(
        (
            service
            for service in services(world)
            if name in (service.name, *service.processes)
            or (service.kind is Kind.BACKEND and name == str(service.port))
        ),
        None,
    )


def _stores(world: World) -> tuple[Service, ...]:
    postgres = next((unit for unit in world.units if unit.startswith("postgresql@")), native.POSTGRES)
    return (
        _service(
            world,
            Kind.POSTGRES,
            (postgres if world.native else "postgres",),
            port=world.system.postgres_port,
            data=str(world.postgres),
        ),
        _service(
            world,
            Kind.REDIS,
            (native.REDIS if world.native else "redis",),
            port=world.system.redis_port,
            data=world.system.redis_dir,
        ),
        _service(
            world,
            Kind.QDRANT,
            (native.QDRANT if world.native else "qdrant",),
            port=world.system.qdrant_port,
            data=world.system.qdrant_home,
        ),
    )


def _engine(world: World) -> Service:
    socket, unit = native.ENGINE
    processes = (unit,) if world.native else ("engine",)
    return _service(
        world,
        Kind.ENGINE,
        processes,
        socket=str(world.engine_socket),
        data=str(world.state / "models"),
        sockets=(socket,) if world.native else (),
    )


def _backend(world: World, at: int, port: int) -> Service:
    """Return a backend. The first port is critical: the page and scripts use it first; the others replace it."""
    numbers = range(1, world.system.workers + 1)
    processes = tuple(native.worker(port, number) if world.native else f"backend-{port}-{number}" for number in numbers)
    after = tuple(map(str, STORES))
    sockets = (native.socket(port),) if world.native else ()
    needs = (str(Kind.ENGINE),)
    return _service(
        world,
        Kind.BACKEND,
        processes,
        name=f"backend-{port}",
        critical=at == 0,
        after=after,
        port=port,
        sockets=sockets,
        needs=needs,
    )


def _frontend(world: World) -> Service:
    socket, unit = native.FRONTEND
    processes = (unit,) if world.native else ("frontend",)
    return _service(
        world,
        Kind.FRONTEND,
        processes,
        critical=False,
        port=world.system.frontend_port,
        sockets=(socket,) if world.native else (),
    )


def _guard(world: World) -> tuple[Service, ...]:
    if world.native:
        return (_service(world, Kind.GUARD, (native.GUARD,), critical=False),) if native.GUARD in world.units else ()
    if find_spec("omnimind_ops.flows.guard") is None:
        return ()
    return (_service(world, Kind.GUARD, ("guard",), critical=False),)


def _service(
    world: World,
    kind: Kind,
    processes: tuple[str, ...],
    *,
    name: str = "",
    critical: bool = True,
    after: tuple[str, ...] = (),
    port: int | None = None,
    socket: str | None = None,
    data: str = "",
    sockets: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
) -> Service:
    seconds = world.system.critical_timeout if critical else world.system.secondary_timeout
    return Service(name or str(kind), kind, critical, seconds, after, processes, port, socket, data, sockets, needs)
