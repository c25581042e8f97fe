"""The unit that completes, at the next boot, a run that a power failure cuts off.

It is installed before a run changes anything, and removed when nothing is open any more. systemd reads it only at boot,
so files are enough: nothing is reloaded.
"""

from __future__ import annotations

import os
from pathlib import Path

from omnimind_ops.model.event import Tell, warning
from omnimind_ops.model.status import RunState
from omnimind_ops.paths import Paths
from omnimind_ops.tools.template import render

UNIT = "omnimind-resume.service"
SETTLED = frozenset({RunState.CONFIRMED, RunState.ROLLED_BACK, RunState.FINISHED})
"""States in which no boot finds anything to complete."""


def arm(paths: Paths, run: str, omnimind: Path, tell: Tell, *, yes: bool = False) -> None:
    """Write and enable the unit; `omnimind` is the command of the version that began the run.

    It is on the disk when this returns: what it protects against may come next. Where it cannot be written, on a full
    disk for example, the run goes on with a warning: a rollback must not depend on it.
    """
    try:
        _write(paths, run, omnimind, yes)
    except OSError as error:
        tell(warning(f"{UNIT} cannot be written ({error}): after a power cut, run `omnimind resume` yourself"))


def _write(paths: Paths, run: str, omnimind: Path, yes: bool) -> None:
    file, link = unit_path(paths), _link(paths)
    text = render(f"systemd/{UNIT}.j2", {"run": run, "omnimind": str(omnimind), "yes": yes})
    link.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as unit:
        unit.write(text)
        unit.flush()
        os.fsync(unit.fileno())
    if not link.is_symlink():
        link.symlink_to(Path("..") / UNIT)
    for folder in (file.parent, link.parent):
        _sync(folder)


def settle(paths: Paths, state: RunState) -> None:
    """Remove the unit if a run in that state needs no boot; do nothing if there is none."""
    if state in SETTLED:
        for file in (_link(paths), unit_path(paths)):
            file.unlink(missing_ok=True)


def unit_path(paths: Paths) -> Path:
    """Return the path of the unit."""
    return paths.root / "etc/systemd/system" / UNIT


def _link(paths: Paths) -> Path:
    """Return the link that enables it."""
    return unit_path(paths).parent / "multi-user.target.wants" / UNIT


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
