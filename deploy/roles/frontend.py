"""frontend: the built page, served from the venv by a process that may do nothing else."""

from __future__ import annotations

from deploy.operations.place import place
from deploy.render import of_goal
from deploy.wanted import File, Wanted
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal

ADDRESS = "127.0.0.1"


def install(goal: Goal) -> None:
    """Do nothing: the page comes in the wheel, with role engine."""


def configure(goal: Goal) -> None:
    """Write its socket and its service."""
    socket, service = (f"/etc/systemd/system/{unit}" for unit in native.FRONTEND)
    wanted: list[Wanted] = [
        File(socket, of_goal("systemd/frontend.socket.j2", goal, address=ADDRESS)),
        File(service, of_goal("systemd/frontend.service.j2", goal)),
    ]
    place(name="Write the frontend's units", wanted=wanted)


def activate(goal: Goal) -> None:
    """Do nothing: role units starts it with all the others."""
