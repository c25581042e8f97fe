"""units: what ties all services together; its activate is the moment in which native services take over the ports."""

from __future__ import annotations

from deploy import secrets
from deploy.operations.place import place
from deploy.operations.units import reload, running
from deploy.render import of_goal
from deploy.roles import qdrant, redis
from deploy.wanted import File, Wanted
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths

FOLDER = "/etc/systemd/system"


def install(goal: Goal) -> None:
    """Do nothing: there is nothing to install."""


def configure(goal: Goal) -> None:
    """Write the target, and make systemd read again what any role wrote since it last did. Runs after all the other roles."""
    wanted: list[Wanted] = [File(f"{FOLDER}/{native.TARGET}", of_goal("systemd/omnimind.target.j2", goal))]
    if goal.gpu:
        wanted.append(File("/etc/modules-load.d/omnimind-nvidia.conf", "# Written by omnimind.\nnvidia\nnvidia_uvm\n"))
        wanted.append(File(f"{FOLDER}/{native.GPU_READY}", of_goal("systemd/gpu-ready.service.j2", goal)))
    place(name="Write the target", wanted=wanted)
    reload(name="Reload systemd", units=native.all_units(goal))


def activate(goal: Goal) -> None:
    """Start what people wait for, then the target with all the rest, and enable it; restart what runs with settings older than those on disk.

    The first worker of each port answers sooner while the second one does not start beside it.
    """
    services, per = native.workers(goal), len(goal.backend_ports)
    stores, sockets = (native.REDIS, native.QDRANT), (native.ENGINE[0], *native.sockets(goal), native.FRONTEND[0])
    running(
        name="Start all units",
        units=native.all_units(goal),
        start=native.TARGET,
        inputs=inputs(goal),
        first=(*stores, *sockets, native.ENGINE[1], *services[:per], native.FRONTEND[1]),
        batches=[services[at : at + per] for at in range(0, len(services), per)],
    )


def inputs(goal: Goal) -> dict[str, tuple[str, ...]]:
    """Return what each service of ours reads at its start. Postgres is not among them: its own role restarts it."""
    paths = Paths()
    venv, backend = str(paths.venv), secrets.path_of("backend.env")
    found = {
        native.QDRANT: (qdrant.UNIT, qdrant.CONFIG, secrets.path_of("qdrant.env"), qdrant.CURRENT),
        native.REDIS: (redis.CONFIG, f"{redis.DROP_IN}/omnimind.conf"),
        **{unit: (f"{FOLDER}/{unit}", venv) for unit in (native.ENGINE[1], native.FRONTEND[1], native.GUARD)},
    }
    for unit in native.workers(goal):
        template = unit.partition("@")[0]
        found[unit] = (f"{FOLDER}/{template}@.service", backend, venv)
    return found
