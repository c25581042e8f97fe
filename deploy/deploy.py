"""Roles by name. Their stages and order are in omnimind_ops/model/stages.py."""

from __future__ import annotations

from collections.abc import Callable

from deploy.roles import backend, base, engine, frontend, guard, packages, postgres, qdrant, redis, units
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.stages import STAGES

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


def find(role: str, stage: str) -> Callable[[Goal], None]:
    """Return a role's stage. Raises ValueError for an unknown role or stage, with the known names.

    A plan of an earlier version may have a step for a stage that no longer exists; that stage does nothing.
    """
    if role not in ROLES or stage not in STAGES:
        raise ValueError(
            f"no role {role!r} with a stage {stage!r}: roles are {', '.join(ROLES)}; stages are {', '.join(STAGES)}"
        )
    function: Callable[[Goal], None] = getattr(ROLES[role], stage, _do_nothing)
    return function


def _do_nothing(goal: Goal) -> None:
    del goal
