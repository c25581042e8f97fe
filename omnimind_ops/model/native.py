"""Names of OmniMind's native units, derived from a System or a Goal.

Used by templates, roles, the host step, and code that starts, stops or probes units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omnimind_ops.model.goal import Goal
    from omnimind_ops.model.system import System

TARGET = "omnimind.target"
POSTGRES = "postgresql.service"
REDIS = "redis-server.service"
QDRANT = "qdrant.service"
ENGINE = ("omnimind-engine.socket", "omnimind-engine.service")
ENGINE_SOCKET = "/run/omnimind/engine.sock"
FRONTEND = ("omnimind-frontend.socket", "omnimind-frontend.service")
GPU_READY = "omnimind-gpu-ready.service"
SCHEMA = "omnimind-migrate-db.service"
GUARD = "omnimind-guard.service"


def socket(port: int) -> str:
    """Return the listening socket of the backend on that port."""
    return f"omnimind-{port}.socket"


def worker(port: int, number: int) -> str:
    """Return the service of one worker."""
    return f"omnimind-{port}@{number}.service"


def sockets(system: System) -> tuple[str, ...]:
    """Return the listening sockets of the backends, one per port."""
    return tuple(socket(port) for port in system.backend_ports)


def workers(system: System) -> tuple[str, ...]:
    """Return the worker services, all first workers before all second ones.

    Restarting them in this order keeps every port served.
    """
    return tuple(worker(port, number) for number in range(1, system.workers + 1) for port in system.backend_ports)


def ours(goal: Goal) -> tuple[str, ...]:
    """Return the units that only OmniMind uses, in start order; without packaged services (postgres, redis)."""
    ready = (GPU_READY,) if goal.gpu else ()
    return (
        *ready,
        QDRANT,
        ENGINE[0],
        *sockets(goal),
        FRONTEND[0],
        SCHEMA,
        ENGINE[1],
        *workers(goal),
        FRONTEND[1],
        GUARD,
    )


def all_units(goal: Goal) -> tuple[str, ...]:
    """Return every native unit, the target last."""
    return (POSTGRES, REDIS, *ours(goal), TARGET)
