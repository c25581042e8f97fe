"""units: the target of all services. Its activate is the moment at which native services take over the ports."""

from __future__ import annotations

from pyinfra import host
from pyinfra.operations import files, systemd

from deploy import secrets
from deploy.facts.units import Units
from deploy.operations.unit import FOLDER, unit
from deploy.operations.units import running
from deploy.own_files import own_files, own_variables
from deploy.render import template
from deploy.roles import qdrant, redis
from omnimind_ops.model import native
from omnimind_ops.model.goal import Goal
from omnimind_ops.paths import Paths

MODULES = "/etc/modules-load.d/omnimind-nvidia.conf"


def configure(goal: Goal) -> None:
    """Write the target, and reload systemd if any role has changed a unit.

    It runs after all other roles.
    """
    written = [unit(native.TARGET, "omnimind.target", goal)]
    if goal.gpu:
        files.put(
            name="Load the GPU's modules at boot",
            src=template("config/modules-load.conf.j2", goal),
            dest=MODULES,
            user="root",
            group="root",
            mode="644",
            create_remote_dir=False,
        )
        written.append(unit(native.GPU_READY, "gpu-ready.service", goal))
    if any(file.will_change for file in written) or _is_old(native.all_units(goal)):
        systemd.daemon_reload(name="Reload systemd")


def _is_old(units: tuple[str, ...]) -> bool:
    """Return whether any of these unit files changed after systemd read it."""
    return any(state.needs_reload for state in host.get_fact(Units, units=units).units.values())


def activate(goal: Goal) -> None:
    """Start the services that users wait for, then the target with all the rest, and enable it.

    Services that run with outdated settings are restarted. The first worker of each port starts before the second, so
    that it answers sooner.
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
    """Return the inputs of each service: the files it reads at its start.

    PostgreSQL is left out, because its own role restarts it.
    """
    paths = Paths()
    venv, backend = str(paths.venv), secrets.path_of("backend.env")
    paths_of = {
        native.QDRANT: (qdrant.UNIT, qdrant.CONFIG, secrets.path_of("qdrant.env"), qdrant.CURRENT),
        native.REDIS: (redis.CONFIG, f"{redis.DROP_IN}/omnimind.conf", *own_files("redis")),
        **{service: (f"{FOLDER}/{service}", venv) for service in (native.ENGINE[1], native.FRONTEND[1], native.GUARD)},
    }
    for worker in native.workers(goal):
        paths_of[worker] = (f"{FOLDER}/{worker.partition('@')[0]}@.service", backend, *own_variables(), venv)
    return paths_of
