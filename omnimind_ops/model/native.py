"""Names of OmniMind's native units, derived from a Goal.

Used by templates, roles, the host step, and code that starts, stops or probes units.
"""

from __future__ import annotations

from omnimind_ops.model.goal import Goal

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


def sockets(goal: Goal) -> tuple[str, ...]:
    """Return the listening sockets of the backends, one per port."""
    return tuple(f"omnimind-{port}.socket" for port in goal.backend_ports)


def workers(goal: Goal) -> tuple[str, ...]:
    """Return the worker services, all first workers before all second ones.

    Restarting them in this order keeps every port served.
    """
    return tuple(
        f"omnimind-{port}@{number}.service" for number in range(1, goal.workers + 1) for port in goal.backend_ports
    )


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
