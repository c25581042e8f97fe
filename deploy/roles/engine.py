"""engine: the venv that everything of ours runs from, the command omnimind, and the one process that owns the GPU."""

from __future__ import annotations

from pathlib import Path

from pyinfra.api.exceptions import OperationError

from deploy.operations.packages import packages
from deploy.operations.place import place
from deploy.operations.venv import Release, venv
from deploy.render import of_goal
from deploy.wanted import File, Link, Wanted
from omnimind_ops import __version__
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths, data

COMMAND = "/usr/local/bin/omnimind"


def install(goal: Goal) -> None:
    """Build the venv and link the command."""
    if goal.python.startswith("/usr/bin/"):
        packages(name="Install what makes a venv", names=("python3-venv",))
    release = Release(goal.python, Path(data("locks")) / f"{goal.lock}.txt", goal.version or __version__, goal.wheelhouse)
    if release.problem:
        raise OperationError(release.problem)
    link = str(Paths().venv)
    venv(name="Build the venv", release=release, link=link, user=goal.user)
    place(name="Link the command", wanted=[Link(COMMAND, f"{link}/bin/omnimind")])


def configure(goal: Goal) -> None:
    """Write the engine's socket and service."""
    socket, service = (f"/etc/systemd/system/{unit}" for unit in native.ENGINE)
    wanted: list[Wanted] = [
        File(socket, of_goal("systemd/engine.socket.j2", goal)),
        File(service, of_goal("systemd/engine.service.j2", goal)),
    ]
    place(name="Write the engine's units", wanted=wanted)


def activate(goal: Goal) -> None:
    """Do nothing: role units starts it with all the others."""
