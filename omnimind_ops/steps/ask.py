"""kind "ask": before anything stops, ask again for all that the cutover needs; the answers may be days old."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.notes import AskNotes
from omnimind_ops.model.payloads import AskPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo

Ask = Callable[[], None]
"""Raises a Problem if the cutover must not begin; read-only."""


@dataclass(frozen=True)
class AskStep:
    """Runs the preflight again, and compares the plan with what would be planned now."""

    payload: ClassVar = AskPayload
    notes: ClassVar = AskNotes
    ask: Ask

    def preview(self, step: Task[AskPayload]) -> Preview:
        """Return no change: the step is read-only."""
        return Preview(step.id, Change.NO)

    def do(self, step: Task[AskPayload], memo: Memo[AskNotes], tell: Tell) -> bool:
        """Ask."""
        self.ask()
        tell(line(step.id, "all checks still hold, and the containers are those of the plan"))
        return False

    def undo(self, step: Task[AskPayload], memo: Memo[AskNotes], tell: Tell) -> None:
        """Do nothing."""
