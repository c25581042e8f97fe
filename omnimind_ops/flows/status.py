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
class Row:
    """One service and its processes."""

    service: Service
    processes: tuple[ProcessState, ...]

    @property
    def state(self) -> str:
        """Return running if all processes run, else the state of the first that does not."""
        return next((one.state for one in self.processes if one.state != "running"), "running")

    @property
    def runs(self) -> bool:
        """Return whether any process runs."""
        return any(one.state == "running" for one in self.processes)


def status(world: World) -> tuple[Row, ...]:
    """Return every service in start order; one query to the manager."""
    every = services(world)
    states = managers.of(world).states([name for one in every for name in one.processes])
    return tuple(Row(one, tuple(states[name] for name in one.processes)) for one in every)


def code(rows: tuple[Row, ...]) -> StatusCode:
    """Return the exit code."""
    if any(row.service.critical and not row.runs and row.state not in ("starting", "backoff") for row in rows):
        return StatusCode.DOWN
    if any(row.state == "starting" for row in rows):
        return StatusCode.STARTING
    return StatusCode.RUNNING if all(row.state == "running" for row in rows) else StatusCode.DEGRADED
