"""packages: the Debian packages of all roles, installed with one apt call.

Each role declares its packages, and the unit that must not start on installation.
"""

from __future__ import annotations

from deploy.operations.packages import packages
from deploy.roles import postgres, redis
from omnimind_ops.model.goal import Goal


def install(goal: Goal) -> None:
    """Install the packages without starting anything."""
    packages(
        name="Install packages",
        package_units={**postgres.PACKAGES, **redis.PACKAGES, **dict.fromkeys(goal.qdrant_packages, "")},
    )
