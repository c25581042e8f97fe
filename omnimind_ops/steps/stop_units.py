"""kind "stop-units": stop native units that run; undo starts them again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from omnimind_ops.model.carry import StopUnitsPayload, UnitsNotes
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.steps.units import STOP_SECONDS
from omnimind_ops.tools import systemctl
from omnimind_ops.tools.shell import run

START_SECONDS = 600


@dataclass(frozen=True)
class StopUnitsStep:
    """Stops units without disabling them: after a reboot they start again."""

    payload: ClassVar = StopUnitsPayload
    notes: ClassVar = UnitsNotes

    def preview(self, step: Task[StopUnitsPayload]) -> Preview:
        """Return the units that run."""
        units = running(step.payload.units)
        return Preview(step.id, Change.YES if units else Change.NO, units)

    def do(self, step: Task[StopUnitsPayload], memo: Memo[UnitsNotes], tell: Tell) -> bool:
        """Stop them; what ran is noted once."""
        units = running(step.payload.units)
        if memo.read().running is None:
            memo.write(UnitsNotes(units))
        if units:
            run(("systemctl", "stop", *units), timeout=STOP_SECONDS)
            tell(line(step.id, f"stopped {', '.join(units)}"))
        return bool(units)

    def undo(self, step: Task[StopUnitsPayload], memo: Memo[UnitsNotes], tell: Tell) -> None:
        """Start what ran, in reverse order, sockets first: one is refused while its service runs without it."""
        stopped = tuple(reversed(memo.read().running or ()))
        if units := tuple(sorted(stopped, key=lambda unit: not unit.endswith(".socket"))):
            run(("systemctl", "reset-failed", *units), check=False)
            run(("systemctl", "start", *units), timeout=START_SECONDS)
            tell(line(step.id, f"started {', '.join(units)}"))


def running(units: tuple[str, ...]) -> tuple[str, ...]:
    """Return those units that run, in the same order."""
    shown = systemctl.parse_show(run(systemctl.show(units, ("Id", "ActiveState"))).out)
    active = {unit.get("Id", "") for unit in shown if unit.get("ActiveState") in ("active", "activating", "reloading")}
    return tuple(unit for unit in units if unit in active)
