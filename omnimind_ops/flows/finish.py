"""Use case: delete the old containers, the volumes whose data was moved and compared, and what rollbacks parked.

Nothing else deletes data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.flows import parked, places, receipt, store_logins, unfinished
from omnimind_ops.flows.run_inputs import goal_begun, old_stack
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.old_stack import OldVolume
from omnimind_ops.model.payloads import ContainersPayload
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState
from omnimind_ops.observe import docker
from omnimind_ops.observe.old_passwords import Store
from omnimind_ops.paths import Paths
from omnimind_ops.planning.run_cells import Trigger
from omnimind_ops.runner.history import History
from omnimind_ops.runner.journal import Journal
from omnimind_ops.stores.files.discard import discard
from omnimind_ops.stores.postgres.parking import Server
from omnimind_ops.tools.output import main_line
from omnimind_ops.tools.shell import run as shell

DATABASE_STEP = "empty-database"
REMOVE_SECONDS = 300
"""A large writable layer takes a while."""


@dataclass(frozen=True)
class Leftovers:
    """What `finish` would delete, and what it keeps.

    `volumes` were moved and compared; `kept_volumes` were not. Bind mounts (`kept`) are the user's own folders.
    `databases` were parked in PostgreSQL.
    """

    containers: tuple[str, ...]
    names: tuple[str, ...]
    volumes: tuple[OldVolume, ...]
    kept_volumes: tuple[OldVolume, ...]
    folders: tuple[Path, ...]
    kept: tuple[str, ...]
    databases: tuple[str, ...] = ()


def leftovers(run: Run, paths: Paths, rolled_back: Iterable[str] = ()) -> Leftovers:
    """Return what `finish` would delete and keep; read-only.

    Of a run that was rolled back it is only what that run and the others in `rolled_back` have parked.
    """
    history = History(paths.journal)
    unfinished.refuse(Trigger.FINISH, run, f"finish {run.id}", history)
    old, goal = old_stack(run), goal_begun(run)
    if run.state is not RunState.CONFIRMED:
        ids = dict.fromkeys((run.id, *rolled_back)) if run.state is RunState.ROLLED_BACK else ()
        folders = (*parked.of_runs(goal, ids), *parked.carried(history.runs(), ids))
        return Leftovers((), (), (), (), folders, old.bind_mounts)
    _engine_answers(run)
    carried = parked.carried(history.runs())
    roots = dict.fromkeys((*places.leftovers(run), *parked.roots(goal), *carried, paths.stage))
    return Leftovers(
        tuple(container.id for container in old.containers),
        tuple(container.name for container in old.containers),
        tuple(volume for volume in old.volumes if volume.copy),
        tuple(volume for volume in old.volumes if not volume.copy)
        or tuple(OldVolume(name, "", "") for name in old.anonymous_volumes if not old.volumes),
        tuple(folder for folder in roots if folder.exists()),
        old.bind_mounts,
        _server(run).parked(goal.database) if run.record(DATABASE_STEP) else (),
    )


def finish(run: Run, leftovers: Leftovers, journal: Journal, paths: Paths, tell: Tell) -> Run:
    """Delete the leftovers. This cannot be undone. A run that is not confirmed stays what it is."""
    if run.state is RunState.CONFIRMED:
        _engine_answers(run)
    for container, name in zip(leftovers.containers, leftovers.names, strict=True):
        tell(line("", _remove(container, name)))
    for volume in leftovers.volumes:
        removed = shell(("docker", "volume", "rm", volume.name), check=False)
        why = main_line(removed.err.splitlines())
        tell(line("", f"removed volume {volume.name}" if removed.ok else f"kept volume {volume.name}: {why}"))
    for database in leftovers.databases:
        _server(run).drop(database)
        tell(line("", f"removed database {database}"))
    for unit in _fenced(run):
        tell(line("", f"{unit} stays fenced, because it starts containers; to delete it: systemctl disable {unit}"))
    for folder in leftovers.folders:
        discard(folder)
        parked.tidy(folder)
        tell(line("", f"removed {folder}"))
    store_logins.keep(dict.fromkeys(Store), paths)
    if run.state is not RunState.CONFIRMED:
        return run
    journal.state(run.id, RunState.FINISHED)
    run = journal.run(run.id)
    receipt.write(run, paths)
    return run


def _fenced(run: Run) -> tuple[str, ...]:
    hold = run.record("hold-containers")
    return (hold.step.payload(ContainersPayload).starters or ()) if hold else ()


def _server(run: Run) -> Server:
    return Server(goal_begun(run).postgres_port)


def _engine_answers(run: Run) -> None:
    """Raise Problem if nothing could be removed: without an answer, nobody knows what is left."""
    if reason := docker.version()[1]:
        raise Problem(
            f"cannot finish {run.id}",
            f"no Docker engine answers: {reason}. Nothing was deleted",
            "start it (systemctl start docker), then run the same command again",
        )


def _remove(container: str, name: str) -> str:
    """Remove a container; return what became of it. One that is gone is no Problem."""
    done = shell(("docker", "rm", container), check=False, timeout=REMOVE_SECONDS)
    if done.ok:
        return f"removed container {name} ({container[:12]})"
    if "no such container" in done.err.lower():
        return f"container {name} ({container[:12]}) was removed before"
    raise Problem(
        f"cannot remove container {name}",
        main_line(done.err.splitlines()) or f"docker rm ended with {done.code}",
        f"if it runs, stop it (docker stop {container[:12]}), then run the same command again",
    )
