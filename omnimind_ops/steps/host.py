"""kind "host": one role's stage through pyinfra, in a child process that lives as long as the run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from types import TracebackType
from typing import ClassVar, Self

from omnimind_ops.model import native
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import HostNotes
from omnimind_ops.model.payloads import HostPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.steps.pyinfra_process import PyinfraProcess
from omnimind_ops.steps.unit_watch import UnitWatch, watched, watching
from omnimind_ops.steps.units import allow_service_starts, enabled_or_running, end_cut_installation, stop_and_disable


class HostStep:
    """Owns the child process: started by the first job, stopped by close(). Use as a context manager."""

    payload: ClassVar = HostPayload
    notes: ClassVar = HostNotes

    def __init__(self, goal: Goal) -> None:
        self.goal = goal
        self.pyinfra = PyinfraProcess(goal)

    def preview(self, step: Task[HostPayload]) -> Preview:
        """Prepare the role and return what it would change; read-only."""
        lines: list[str] = []
        changes: set[str] = set()
        for message in self.pyinfra.job(step.payload.role, step.payload.stage, dry=True):
            if message["kind"] == "op" and message["change"] != "no":
                changes.add(message["change"])
                lines += [message["name"], *(f"  {detail}" for detail in message["lines"])]
        change = Change.YES if "yes" in changes else Change.MAYBE if changes else Change.NO
        return Preview(step.id, change, tuple(lines))

    def do(self, step: Task[HostPayload], memo: Memo[HostNotes], tell: Tell) -> bool:
        """Run the role; return True when it changed something.

        Before activating, it notes what was already enabled or running.
        """
        role, stage = step.payload.role, step.payload.stage
        if stage == "activate" and memo.read().before is None:
            memo.write(HostNotes(tuple(sorted(enabled_or_running(units_of(role, self.goal))))))
        watch = UnitWatch(watched(self.goal), tell, step.id)
        with watching(watch) if (role, stage) == ("units", "activate") else nullcontext():
            return self._run(step, tell)

    def _run(self, step: Task[HostPayload], tell: Tell) -> bool:
        changed = 0
        for message in self.pyinfra.job(step.payload.role, step.payload.stage, dry=False):
            if message["kind"] == "line":
                tell(line(step.id, message["text"]))
            elif message["kind"] == "op" and message["change"] != "no":
                for text in (message["name"], *(f"  {detail}" for detail in message["lines"])):
                    tell(line(step.id, text))
            elif message["kind"] == "done":
                changed = int(message["changed"])
        return changed > 0

    def count_unchanged(self, steps: Sequence[Task[HostPayload]]) -> int:
        """Return how many of the first `steps`, all of this kind, have nothing to do; read-only.

        Facts are read once for all of them.
        """
        return self.pyinfra.survey([(step.payload.role, step.payload.stage) for step in steps])

    def undo(self, step: Task[HostPayload], memo: Memo[HostNotes], tell: Tell) -> None:
        """Stop and disable OmniMind's units.

        Installed files stay; what was on the host before is not touched.
        """
        role, stage = step.payload.role, step.payload.stage
        before = memo.read().before
        if stage == "activate" and before is not None:  # None: it never began
            stop_and_disable(unit for unit in units_of(role, self.goal) if unit not in before)
        elif (role, stage) == ("packages", "install"):
            if end_cut_installation():
                tell(line(step.id, "dpkg ended an installation that was cut"))
            allow_service_starts()

    def close(self) -> None:
        """Stop the child process."""
        self.pyinfra.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.pyinfra.kill()
        self.close()


def units_of(role: str, goal: Goal) -> tuple[str, ...]:
    """Return the units that a role's activate starts."""
    return {"postgres": (native.POSTGRES, native.SCHEMA), "engine": native.ENGINE, "units": native.all_units(goal)}.get(
        role, ()
    )
