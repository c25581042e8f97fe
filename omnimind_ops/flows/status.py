"""Use case: process states as the manager reports them. No service is queried; `omnimind health` does that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from omnimind_ops import managers
from omnimind_ops.catalogue import Service, services
from omnimind_ops.managers import ProcessState
from omnimind_ops.model.world import World


class StatusCode(IntEnum):
    """Exit codes of `omnimind status`: those of `omnimind health`, by the manager's states."""

    RUNNING = 0
    DOWN = 1  # a critical service does not run
    DEGRADED = 2  # another service does not run, or one of several workers
    STARTING = 3


@dataclass(frozen=True)
class ServiceStatus:
    """One service and its processes."""

    service: Service
    processes: tuple[ProcessState, ...]

    @property
    def state(self) -> str:
        """Return running if all processes run, else the state of the first that does not."""
        return next((process.state for process in self.processes if process.state != "running"), "running")

    @property
    def runs(self) -> bool:
        """Return whether any process runs."""
        return any(process.state == "running" for process in self.processes)


def status(world: World) -> tuple[ServiceStatus, ...]:
    """Return every service in start order; one query to the manager."""
    all_services = services(world)
    states = managers.of(world).states([name for service in all_services for name in service.processes])
    return tuple(ServiceStatus(service, tuple(states[name] for name in service.processes)) for service in all_services)


def code(rows: tuple[ServiceStatus, ...]) -> StatusCode:
    """Return the exit code."""
    if any(row.service.critical and not row.runs and row.state not in ("starting", "backoff") for row in rows):
        return StatusCode.DOWN
    if any(row.state == "starting" for row in rows):
        return StatusCode.STARTING
    return StatusCode.RUNNING if all(row.state == "running" for row in rows) else StatusCode.DEGRADED
