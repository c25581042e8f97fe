"""Units that would start the old containers are fenced by a drop-in, until a rollback."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from omnimind_ops.tools.shell import run

FOLDER = Path("/etc/systemd/system")
NAME = "omnimind-migrated.conf"
TEXT = """\
# Written by omnimind: this unit starts containers that were migrated to native services.
# `omnimind rollback` removes this file.
[Unit]
ConditionPathExists=!/

[Service]
# A stop of this unit, such as at shutdown, must not remove the containers: a rollback needs them.
ExecStop=
ExecStopPost=
"""


def active(units: Iterable[str]) -> dict[str, bool]:
    """Return unit → whether it is active."""
    return {unit: run(("systemctl", "is-active", "--quiet", unit), check=False).ok for unit in units}


def fence(units: Iterable[str], folder: Path = FOLDER) -> None:
    """Keep the units from being started, and from running anything when they end; they are not stopped. Idempotent."""
    names = tuple(units)
    for unit in names:
        file = folder / f"{unit}.d" / NAME
        file.parent.mkdir(exist_ok=True)
        file.write_text(TEXT)
    if names:
        run(("systemctl", "daemon-reload"))


def lift(before: Mapping[str, bool], folder: Path = FOLDER) -> None:
    """Remove the fence; start those that were active and have ended since. Idempotent."""
    for unit in before:
        file = folder / f"{unit}.d" / NAME
        file.unlink(missing_ok=True)
        if file.parent.is_dir() and not any(file.parent.iterdir()):
            file.parent.rmdir()
    if before:
        run(("systemctl", "daemon-reload"))
    ended = [unit for unit, was_active in before.items() if was_active and not active((unit,))[unit]]
    if ended:
        run(("systemctl", "start", "--no-block", *ended), check=False)
