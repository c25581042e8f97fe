"""Data that was set aside: native data from before a migration, and what came since when one was rolled back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from omnimind_ops.model.carry import CarryFolderPayload, ParkRedisPayload
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.place import Place
from omnimind_ops.model.run import Run
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths
from omnimind_ops.planning.carry import NAME
from omnimind_ops.stores.files.carry import PARKED

BEFORE = ".before"
KINDS: tuple[type[CarryFolderPayload | ParkRedisPayload], ...] = (CarryFolderPayload, ParkRedisPayload)


def roots(goal: Goal) -> tuple[Path, ...]:
    """Return the folders in which runs park data, by run; they need not exist.

    Several upload folders lie beside each other in the folder of uploads.
    """
    files = Paths().state / "files"
    folders = (
        Path(goal.qdrant_home) / "storage",
        Path(goal.redis_dir),
        Path(goal.uploads),
        Path(goal.uploads) / "0",
        files / "0",
    )
    return tuple(dict.fromkeys(Place(folder, inside).parked for inside in (False, True) for folder in folders))


def of_runs(goal: Goal, runs: Iterable[str]) -> tuple[Path, ...]:
    """Return the folders of these runs that exist."""
    return tuple(folder for run in runs for root in roots(goal) if (folder := root / run).is_dir())


def described(goal: Goal, run: str) -> Iterator[tuple[Path, str]]:
    """Yield what a run has set aside, each folder with where it comes from; empty ones are left out."""
    for folder in of_runs(goal, (run,)):
        for item in sorted(folder.iterdir()):
            if not item.is_dir() or any(item.iterdir()):
                is_before = item.name.endswith(BEFORE)
                yield item, "native data from before" if is_before else "written since the cutover"


def carried(runs: Iterable[Run], migrations: Collection[str] | None = None) -> tuple[Path, ...]:
    """Return the old data that carries replaced, where it still exists; `migrations`: only theirs."""
    kept = [
        run
        for run in runs
        if run.plan.name == NAME and run.state is RunState.CONFIRMED
        if migrations is None or run.setup.get("migration") in migrations
    ]
    found = [
        Path(step.payload(kind).parked)
        for run in kept
        for kind in KINDS
        for step in run.plan.steps
        if step.kind == kind.kind
    ]
    return tuple(folder for folder in found if folder.exists())


def tidy(folder: Path) -> None:
    """Remove what held a deleted folder, if it is empty now."""
    for parent in folder.parents[:2]:
        if PARKED in (parent.name, parent.parent.name):
            with suppress(OSError):
                parent.rmdir()
