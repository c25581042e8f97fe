"""Use case: delete the old containers, their anonymous volumes and what rollbacks parked. Nothing else deletes data."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.flows import receipt
from omnimind_ops.flows.run_inputs import goal_of, old_stack
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths
from omnimind_ops.runner.journal import Journal
from omnimind_ops.tools.shell import run as shell


@dataclass(frozen=True)
class Leftovers:
    """What `finish` would delete, and what it keeps: bind mounts are the user's own folders."""

    containers: tuple[str, ...]
    names: tuple[str, ...]
    volumes: tuple[str, ...]
    folders: tuple[Path, ...]
    kept: tuple[str, ...]


def leftovers(run: Run, paths: Paths) -> Leftovers:
    """Return what `finish` would delete and keep; read-only."""
    if run.state is not RunState.CONFIRMED:
        raise Problem(f"cannot finish {run.id}", f"it is {run.state}", "confirm the migration first: omnimind confirm")
    old, goal = old_stack(run), goal_of(run)
    parked = {Path(goal.qdrant_home), Path(goal.redis_dir).parent, Path(goal.uploads).parent}
    folders = [folder / ".omnimind-parked" for folder in parked] + [paths.stage]
    return Leftovers(
        tuple(container.id for container in old.containers),
        tuple(container.name for container in old.containers),
        old.anonymous_volumes,
        tuple(folder for folder in folders if folder.exists()),
        old.bind_mounts,
    )


def finish(run: Run, leftovers: Leftovers, journal: Journal, paths: Paths, tell: Tell) -> Run:
    """Delete the leftovers. This cannot be undone."""
    for container in leftovers.containers:
        shell(("docker", "rm", "--volumes", container), check=False)
        tell(line("", f"removed container {container[:12]}"))
    for folder in leftovers.folders:
        shutil.rmtree(folder)
        tell(line("", f"removed {folder}"))
    journal.state(run.id, RunState.FINISHED)
    run = journal.run(run.id)
    receipt.write(run, paths)
    return run
