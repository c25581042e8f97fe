"""frontend: the built page, served from the venv by a process without other rights.

The page comes with role engine.
"""

from __future__ import annotations

from deploy.operations.unit import unit
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal


def configure(goal: Goal) -> None:
    """Write its socket and its service."""
    socket, service = native.FRONTEND
    unit(socket, "frontend.socket", goal)
    unit(service, "frontend.service", goal)
