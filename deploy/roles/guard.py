"""guard: asks every service a real question, and restarts the one that cannot answer."""

from __future__ import annotations

from deploy.operations.place import place
from deploy.render import of_goal
from deploy.wanted import File
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal


def install(goal: Goal) -> None:
    """Do nothing: the program comes in the wheel, with role engine."""


def configure(goal: Goal) -> None:
    """Write its unit."""
    place(
        name="Write the guard's unit",
        wanted=[File(f"/etc/systemd/system/{native.GUARD}", of_goal("systemd/guard.service.j2", goal))],
    )


def activate(goal: Goal) -> None:
    """Do nothing: role units starts it with all the others."""
