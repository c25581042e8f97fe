"""guard: the daemon that probes every service with a real request and restarts one that fails.

The program comes with role engine.
"""

from __future__ import annotations

from deploy.operations.unit import unit
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal


def configure(goal: Goal) -> None:
    """Write its unit."""
    unit(native.GUARD, "guard.service", goal)
