"""Use case: stop everything in reverse start order, and make sure that no process is left. Data stays."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from omnimind_ops import managers
from omnimind_ops.catalogue import STORES, Kind, Service, services
from omnimind_ops.embedded import census, daemon, home
from omnimind_ops.managers import Manager, units
from omnimind_ops.model import native
from omnimind_ops.model.event import RunEnded, RunStarted, StepChanged, StepState, Tell, warning
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.status import RunState, Status
from omnimind_ops.model.world import World

DATA = ("postgres", "redis", "qdrant", "uploads", "secrets.json")
"""Data that --fresh moves aside; everything else is created again or is not data."""
PHASE = "services"


@dataclass(frozen=True)
class Down:
    """Result of a stop.

    Services that ran, leftover processes that were killed, and services of the host that OmniMind does not stop.
    """

    stopped: tuple[str, ...]
    leftover: int
    unmanaged: tuple[str, ...] = ()


def down(world: World, tell: Tell) -> Down:
    """Stop the system; the caller holds the lock. A second call changes nothing."""
    manager, all_services = managers.of(world), services(world)
    try:
        running = _running(manager, all_services)
        stopped, unmanaged = _stop(
            world, manager, [service for service in all_services if service.name in running], tell
        )
    except Problem as problem:
        if world.native:
            raise
        tell(
            warning(f"{problem}; all processes are killed instead")
        )  # a supervisor that hangs must not prevent the stop
        stopped, unmanaged = (), ()
    if world.native:
        if running:
            manager.stop((native.TARGET,))
        return Down(stopped, 0, unmanaged)
    state_home = home.Home(world.state)
    daemon.stop(state_home)
    leftover = census.end(state_home)
    daemon.clean(state_home)
    if leftover:
        tell(warning(f"{leftover} leftover processes were killed"))
    return Down(stopped, leftover)


def move_data_aside(state: Path) -> str:
    """Move the data of an embedded system aside and return its new folder; nothing of the system is running.

    Native data never lies in this folder.
    """
    aside = state / "aside" / datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")
    aside.mkdir(parents=True, mode=0o700)
    for name in DATA:
        if (state / name).exists():
            (state / name).rename(aside / name)
    return str(aside)


def _running(manager: Manager, all_services: Sequence[Service]) -> frozenset[str]:
    """Return the services with a process that runs or is about to start."""
    states = manager.states([name for service in all_services for name in service.processes])
    return frozenset(
        service.name
        for service in all_services
        if any(
            states[name].pid or states[name].state in ("running", "starting", "backoff") for name in service.processes
        )
    )


def _stop(
    world: World, manager: Manager, running_services: Sequence[Service], tell: Tell
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Stop the guard, then frontend and backends, then the engine, then the stores; each group at once.

    Returns the services that were stopped, and those that OmniMind does not own.
    """
    unmanaged = tuple(
        service.name
        for service in running_services
        if not all(units.may_stop(world, name) for name in service.processes)
    )
    managed = [service for service in running_services if service.name not in unmanaged]
    groups = [
        [service for service in managed if service.kind in kinds]
        for kinds in ((Kind.GUARD,), (Kind.FRONTEND, Kind.BACKEND), (Kind.ENGINE,), STORES)
    ]
    steps = tuple(StepState(service.name, f"Stop {service.name}", PHASE) for group in groups for service in group)
    if steps:
        tell(RunStarted(f"omnimind down ({world.mode})", "down", RunState.RUNNING, steps))
    for group in groups:
        _group(manager, group, tell)
    if steps:
        tell(RunEnded("omnimind down: everything is stopped", "down", RunState.FINISHED))
    return tuple(service.name for group in groups for service in group), unmanaged


def _group(manager: Manager, group: Sequence[Service], tell: Tell) -> None:
    began = time.monotonic()
    for service in group:
        tell(StepChanged(service.name, f"Stop {service.name}", Status.DOING, PHASE))
    if group:
        # A socket unit first: it would start its service again on the next connection.
        manager.stop([name for service in group for name in (*service.sockets, *service.processes)])
    for service in group:
        seconds = time.monotonic() - began
        tell(StepChanged(service.name, f"Stop {service.name}", Status.DONE, PHASE, seconds, changed=True))


def kill_orphans(environment: Mapping[str, str] | None = None) -> int:
    """Kill what a system left behind whose saved state is gone; return the number of processes."""
    state_home = home.place(os.environ if environment is None else environment)
    return census.end(state_home) if state_home.state.exists() else 0
