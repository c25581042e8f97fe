"""packages: what the distribution brings for all the other roles, by one apt; each role says what it needs, and which
unit must not start with it.
"""

from __future__ import annotations

from deploy.operations.packages import packages
from deploy.roles import postgres, redis
from omnimind_ops.model.goal import Goal


def install(goal: Goal) -> None:
    """Install them without starting anything."""
    packages(
        name="Install packages",
        wanted={**postgres.PACKAGES, **redis.PACKAGES, **dict.fromkeys(goal.qdrant_packages, "")},
    )
