"""Roles by name. Which stages each has, and their order, is in omnimind_ops/model/stages.py."""

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
    """Return a role's stage; ValueError names what there is.

    A plan of an earlier version has a step for stages that are no more: they do nothing.
    """
    if role not in ROLES or stage not in STAGES:
        raise ValueError(
            f"no role {role!r} with a stage {stage!r}: roles are {', '.join(ROLES)}; stages are {', '.join(STAGES)}"
        )
    function: Callable[[Goal], None] = getattr(ROLES[role], stage, _nothing)
    return function


def _nothing(goal: Goal) -> None:
    del goal
