"""engine: the venv of all OmniMind services, the command omnimind, and the only process that owns the GPU."""

from __future__ import annotations

from pathlib import Path

from pyinfra import host
from pyinfra.api.exceptions import OperationError

from deploy.facts.paths import Paths as PathsFact
from deploy.operations.link import link
from deploy.operations.unit import FOLDER, unit
from deploy.operations.units import running
from deploy.operations.venv import Release, venv
from deploy.roles import HIDDEN
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths, data

COMMAND = "/usr/local/bin/omnimind"


def install(goal: Goal) -> None:
    """Build the venv, and link the command unless install.sh did."""
    locks = Path(data("locks"))
    release = Release(goal.python, locks / f"{goal.lock}.txt", locks / "model.txt", goal.wheelhouse)
    if release.problem:
        raise OperationError(release.problem)
    current = str(Paths().venv)
    venv(name="Build the venv", release=release, link=current, user=goal.user)
    if not _has_install_script_command():
        link(name="Link the command", path=COMMAND, target=f"{current}/bin/omnimind")


def _has_install_script_command() -> bool:
    """Return whether install.sh installed the command; it then upgrades itself and stays when a migration is undone."""
    command = host.get_fact(PathsFact, paths=(COMMAND,)).get(COMMAND)
    return command is not None and command.kind == "link" and command.content.startswith(f"{Paths().opt}/cli/".encode())


def configure(goal: Goal) -> None:
    """Write the engine's socket and service. A model that is not a folder comes from a hub, which needs the network."""
    socket, service = native.ENGINE
    bound, remote = f"{goal.model}/".startswith(HIDDEN), bool(goal.model) and not goal.model.startswith("/")
    unit(socket, "engine.socket", goal)
    unit(service, "engine.service", goal, bound=bound, remote=remote)


def activate(goal: Goal) -> None:
    """Start the engine, so that its model is loaded before the cutover. It uses no port and no data of the containers.

    The containers may use the GPU, so on a host with a GPU, role units starts it with all the others.
    """
    if not goal.gpu:
        socket, service = native.ENGINE
        reads = (f"{FOLDER}/{service}", str(Paths().venv))
        running(name="Start the engine", units=(socket, service), start=service, inputs={service: reads})
