"""kind "timer": the timer that rolls the run back unless it is confirmed.

It starts before anything stops, and survives a lost terminal and a reboot. `omnimind confirm` removes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.notes import TimerNotes
from omnimind_ops.model.payloads import TimerPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.tools.shell import run
from omnimind_ops.tools.template import render

UNIT = "omnimind-confirm"


@dataclass(frozen=True)
class TimerStep:
    """Writes omnimind-confirm.{timer,service}: at the deadline they run `omnimind rollback --run ID --unconfirmed`."""

    payload: ClassVar = TimerPayload
    notes: ClassVar = TimerNotes
    paths: Paths
    run: str
    omnimind: Path  # the command that began the run; it also rolls back, even if another version is installed meanwhile
    now: Callable[[], datetime]

    def preview(self, step: Task[TimerPayload]) -> Preview:
        """Return the units that would be written."""
        return Preview(step.id, Change.YES, (f"write and start {UNIT}.timer",))

    def do(self, step: Task[TimerPayload], memo: Memo[TimerNotes], tell: Tell) -> bool:
        """Write both units and start the timer; a deadline that is already noted stays."""
        deadline = memo.read().deadline
        if deadline is None:
            deadline = (self.now() + timedelta(minutes=step.payload.minutes)).strftime("%Y-%m-%d %H:%M:%S UTC")
            memo.write(TimerNotes(deadline))
        variables = {"deadline": deadline, "run": self.run, "omnimind": str(self.omnimind)}
        for suffix in ("service", "timer"):
            unit_path(self.paths, suffix).write_text(render(f"systemd/{UNIT}.{suffix}.j2", variables))
        run(("systemctl", "daemon-reload"))
        run(("systemctl", "enable", "--now", f"{UNIT}.timer"))
        tell(line(step.id, f"rolls back at {deadline} unless you run `omnimind confirm`"))
        return True

    def undo(self, step: Task[TimerPayload], memo: Memo[TimerNotes], tell: Tell) -> None:
        """Remove the timer."""
        remove_timer(self.paths)


def unit_path(paths: Paths, suffix: str) -> Path:
    """Return the path of one of the two units."""
    return paths.root / f"etc/systemd/system/{UNIT}.{suffix}"


def remove_timer(paths: Paths) -> None:
    """Stop the timer and remove both units; do nothing if there are none."""
    if not unit_path(paths, "timer").exists():
        return
    run(("systemctl", "disable", "--now", f"{UNIT}.timer"))
    for suffix in ("timer", "service"):
        unit_path(paths, suffix).unlink(missing_ok=True)
    run(("systemctl", "daemon-reload"))
