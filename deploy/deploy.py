"""Roles by name, and the order in which a host is built: install all, configure all, activate what takes nothing from a container, then (at the cutover) units."""

from __future__ import annotations

from collections.abc import Callable

from deploy.roles import backend, base, engine, frontend, guard, packages, postgres, qdrant, redis, units
from omnimind_ops.model.goal import Goal

ROLES = {
    "base": base,
    "packages": packages,
    "postgres": postgres,
    "redis": redis,
    "qdrant": qdrant,
    "engine": engine,
    "backend": backend,
    "frontend": frontend,
    "guard": guard,
    "units": units,
}
STAGES = ("install", "configure", "activate")
ORDER = (
    *((role, stage) for stage in STAGES[:2] for role in ROLES),
    ("postgres", "activate"),
    ("engine", "activate"),
    ("units", "activate"),
)


def find(role: str, stage: str) -> Callable[[Goal], None]:
    """Return a role's stage; ValueError names what there is."""
    if role not in ROLES or stage not in STAGES:
        raise ValueError(
            f"no role {role!r} with a stage {stage!r}: roles are {', '.join(ROLES)}; stages are {', '.join(STAGES)}"
        )
    function: Callable[[Goal], None] = getattr(ROLES[role], stage)
    return function
