"""backend: the database's schema, and for each port one socket and one template service, of which every worker is an instance."""

from __future__ import annotations

from deploy.operations.place import place
from deploy.render import of_goal
from deploy.roles import HIDDEN
from deploy.wanted import File, Wanted
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal

FOLDER = "/etc/systemd/system"


def install(goal: Goal) -> None:
    """Do nothing: the program comes in the wheel, with role engine."""


def configure(goal: Goal) -> None:
    """Write the unit of the schema and the units of every port."""
    bound = f"{goal.uploads}/".startswith(HIDDEN)
    wanted: list[Wanted] = [File(f"{FOLDER}/{native.SCHEMA}", of_goal("systemd/migrate-db.service.j2", goal))]
    for port in goal.backend_ports:
        wanted.append(File(f"{FOLDER}/omnimind-{port}.socket", of_goal("systemd/backend.socket.j2", goal, port=port)))
        wanted.append(
            File(
                f"{FOLDER}/omnimind-{port}@.service",
                of_goal("systemd/backend.service.j2", goal, port=port, bound=bound),
            )
        )
    place(name="Write the backends' units", wanted=wanted)


def activate(goal: Goal) -> None:
    """Do nothing: role postgres starts the schema's unit, role units the others."""
