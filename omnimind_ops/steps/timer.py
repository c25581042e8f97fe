"""kinds "timer" and "confirm-time": the timer that rolls the run back.

"timer" starts it before anything stops: a cutover that is killed does not stay half done. "confirm-time" starts it anew
when everything is proven: only then does the time to confirm begin. It survives a lost terminal and a reboot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.notes import TimerNotes
from omnimind_ops.model.payloads import ConfirmTimePayload, TimerPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo, Run
from omnimind_ops.paths import Paths
from omnimind_ops.tools.shell import run
from omnimind_ops.tools.template import render

UNIT = "omnimind-confirm"
NOTICE = "omnimind-confirm-notice"
"""Tells people shortly before the rollback."""
NOTICE_MINUTES = (5, 1)
FORMAT = "%Y-%m-%d %H:%M:%S UTC"


@dataclass(frozen=True)
class RollbackTimer:
    """Writes omnimind-confirm.{timer,service}: at the deadline they run `omnimind rollback --run ID --unconfirmed`."""

    paths: Paths
    run: str
    omnimind: Path  # the command that began the run; it also rolls back, even if another version is installed meanwhile
    now: Callable[[], datetime]

    def deadline(self, minutes: int) -> str:
        """Return the time in so many minutes, in systemd's format."""
        return (self.now() + timedelta(minutes=minutes)).strftime(FORMAT)

    def start(self, deadline: str, *, notice: bool) -> None:
        """Start the timer with this deadline; `notice`: tell people before it.

        An earlier deadline that passed meanwhile is void, and so is the rollback that waits for this command to end.
        """
        notices = self._notices(deadline) if notice else ()
        values = {"run": self.run, "omnimind": str(self.omnimind), "deadline": deadline, "notices": notices}
        units = (UNIT, NOTICE) if notices else (UNIT,)
        for unit in units:
            for suffix in ("service", "timer"):
                unit_path(self.paths, suffix, unit).write_text(render(f"systemd/{unit}.{suffix}.j2", values))
        run(("systemctl", "daemon-reload"))
        run(("systemctl", "stop", f"{UNIT}.service"))
        timers = tuple(f"{unit}.timer" for unit in units)
        run(("systemctl", "enable", *timers))
        run(("systemctl", "restart", *timers))

    def _notices(self, deadline: str) -> tuple[str, ...]:
        times = (parsed(deadline) - timedelta(minutes=minutes) for minutes in NOTICE_MINUTES)
        return tuple(time.strftime(FORMAT) for time in times if time > self.now())


@dataclass(frozen=True)
class TimerStep:
    """Starts the timer before the cutover."""

    payload: ClassVar = TimerPayload
    notes: ClassVar = TimerNotes
    timer: RollbackTimer

    def preview(self, step: Task[TimerPayload]) -> Preview:
        """Return the units that would be written."""
        return Preview(step.id, Change.YES, (f"write and start {UNIT}.timer",))

    def do(self, step: Task[TimerPayload], memo: Memo[TimerNotes], tell: Tell) -> bool:
        """Write both units and start the timer; a deadline that is already noted stays."""
        deadline = memo.read().deadline
        if deadline is None:
            deadline = self.timer.deadline(step.payload.minutes)
            memo.write(TimerNotes(deadline))
        self.timer.start(deadline, notice=False)
        tell(line(step.id, f"if this command is killed, the containers come back at {deadline}"))
        return True

    def undo(self, step: Task[TimerPayload], memo: Memo[TimerNotes], tell: Tell) -> None:
        """Remove the timer."""
        remove_timer(self.timer.paths)


@dataclass(frozen=True)
class ConfirmTimeStep:
    """Starts the time to confirm. The timer itself is removed by the undo of the step that started it first."""

    payload: ClassVar = ConfirmTimePayload
    notes: ClassVar = TimerNotes
    timer: RollbackTimer

    def preview(self, step: Task[ConfirmTimePayload]) -> Preview:
        """Return the timer that would be started again."""
        return Preview(step.id, Change.YES, (f"restart {UNIT}.timer",))

    def do(self, step: Task[ConfirmTimePayload], memo: Memo[TimerNotes], tell: Tell) -> bool:
        """Restart the timer. The time counts from here, also when the step is repeated."""
        deadline = self.timer.deadline(step.payload.minutes)
        self.timer.start(deadline, notice=True)
        memo.write(TimerNotes(deadline))
        tell(line(step.id, f"rolls back at {deadline} unless you run `omnimind confirm`"))
        return True

    def undo(self, step: Task[ConfirmTimePayload], memo: Memo[TimerNotes], tell: Tell) -> None:
        """Do nothing."""


def parsed(deadline: str) -> datetime:
    """Return a noted deadline as a time."""
    return datetime.strptime(deadline, FORMAT).replace(tzinfo=UTC)


def confirm_until(run: Run) -> str | None:
    """Return until when the run can be confirmed, None if its time does not run yet."""
    records = [record for record in run.steps if record.step.kind in (TimerPayload.kind, ConfirmTimePayload.kind)]
    return records[-1].notes(TimerNotes).deadline if records else None


def unit_path(paths: Paths, suffix: str, unit: str = UNIT) -> Path:
    """Return the path of one of the units."""
    return paths.root / f"etc/systemd/system/{unit}.{suffix}"


def remove_timer(paths: Paths) -> None:
    """Stop the timers and remove their units; do nothing if there are none."""
    units = [unit for unit in (UNIT, NOTICE) if unit_path(paths, "timer", unit).exists()]
    if not units:
        return
    run(("systemctl", "disable", "--now", *(f"{unit}.timer" for unit in units)))
    for unit in units:
        for suffix in ("timer", "service"):
            unit_path(paths, suffix, unit).unlink(missing_ok=True)
    run(("systemctl", "daemon-reload"))
