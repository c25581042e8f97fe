"""backend: for each port one socket and one template service, of which every worker is an instance."""

from __future__ import annotations

from deploy.operations.place import place
from deploy.render import of_goal
from deploy.wanted import File, Wanted
from omnimind_ops.model.goal import Goal

HIDDEN = ("/home/", "/root/", "/run/user/")
"""What ProtectHome=tmpfs empties: an uploads folder below one of these must be bound into the service."""


def install(goal: Goal) -> None:
    """Do nothing: the program comes in the wheel, with role engine."""


def configure(goal: Goal) -> None:
    """Write the units of every port."""
    bound = f"{goal.uploads}/".startswith(HIDDEN)
    wanted: list[Wanted] = []
    for port in goal.backend_ports:
        wanted.append(File(f"/etc/systemd/system/omnimind-{port}.socket", of_goal("systemd/backend.socket.j2", goal, port=port)))
        wanted.append(File(f"/etc/systemd/system/omnimind-{port}@.service", of_goal("systemd/backend.service.j2", goal, port=port, bound=bound)))
    place(name="Write the backends' units", wanted=wanted)


def activate(goal: Goal) -> None:
    """Do nothing: role units starts them with all the others."""
