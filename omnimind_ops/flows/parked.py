"""Data that was set aside: native data from before a migration, and what came since when one was rolled back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from omnimind_ops.model.goal import Goal
from omnimind_ops.model.place import Place
from omnimind_ops.paths import Paths

BEFORE = ".before"


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
