"""Units: systemd's state of the given units, and the modification times of their inputs, from one command."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pyinfra.api import FactBase

from omnimind_ops.tools import systemctl

PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "UnitFileState",
    "NeedDaemonReload",
    "ExecMainStartTimestamp",
    "StateChangeTimestamp",
)


@dataclass(frozen=True)
class Unit:
    """One unit. `started` is the start time of its main process in seconds (Unix time), 0 for none."""

    load: str = "not-found"
    active: str = "inactive"
    enabled: str = ""
    needs_reload: bool = False
    started: int = 0

    @property
    def is_up(self) -> bool:
        """Return whether the unit is active or about to be."""
        return self.active in ("active", "activating", "reloading")


@dataclass(frozen=True)
class UnitStates:
    """Units by name, and path → modification time in seconds.

    For a link, it is the time of the link itself. Missing paths are left out.
    """

    units: Mapping[str, Unit] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)


class Units(FactBase[UnitStates]):
    """Fact: see UnitStates."""

    def command(self, units: tuple[str, ...], paths: tuple[str, ...] = ()) -> str:
        properties = ",".join(PROPERTIES)
        show = f"TZ=UTC LC_ALL=C systemctl show --no-pager -p {properties} {shlex.join(units)}"
        stat = f"; echo; stat -c 'Path=%Y %n' {shlex.join(paths)} 2>/dev/null" if paths else ""
        return f"{show}{stat}; true"

    def process(self, output: list[str]) -> UnitStates:
        changed: dict[str, int] = {}
        for line in output:
            if line.startswith("Path="):
                second, _, path = line.removeprefix("Path=").partition(" ")
                changed[path] = int(second)
        shown = "\n".join(line for line in output if not line.startswith("Path="))
        return UnitStates({unit.get("Id", ""): _unit(unit) for unit in systemctl.parse_show(shown)}, changed)

    @staticmethod
    def default() -> UnitStates:
        return UnitStates()


def _unit(block: Mapping[str, str]) -> Unit:
    stamp = block.get("ExecMainStartTimestamp") or ""
    return Unit(
        load=block.get("LoadState", "not-found"),
        active=block.get("ActiveState", "inactive"),
        enabled=block.get("UnitFileState", ""),
        # A masked unit with a drop-in always reports yes, because the drop-in cannot be loaded. Unmasking reloads.
        needs_reload=block.get("NeedDaemonReload") == "yes" and block.get("LoadState") != "masked",
        started=_seconds(stamp) if stamp else 0,
    )


def _seconds(stamp: str) -> int:
    """Return "Mon 2026-11-23 11:19:36 UTC" as Unix time. The property is read with TZ=UTC."""
    fields = stamp.split()
    if len(fields) != 4 or fields[3] != "UTC":
        return 0
    return int(datetime.strptime(f"{fields[1]} {fields[2]}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp())
