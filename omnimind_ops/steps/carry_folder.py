"""kind "carry-folder": bring the changes of a native folder into the old one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model.carry import CarryFolderPayload
from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.notes import NoNotes
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.stores.files.carry import carry, take_back
from omnimind_ops.stores.files.changes import changes


@dataclass(frozen=True)
class CarryFolderStep:
    """Only what differs is written; what it replaces is parked, and restored by undo."""

    payload: ClassVar = CarryFolderPayload
    notes: ClassVar = NoNotes

    def preview(self, step: Task[CarryFolderPayload]) -> Preview:
        """Return how many files would change, by their times; a running store changes its files until it stops."""
        folder = step.payload
        outcome = changes(Path(folder.old), Path(folder.native), without=folder.without, live=True)
        counts = [outcome.count(paths) for paths in (outcome.came, outcome.changed, outcome.vanished)]
        text = f"{counts[0]} files come, {counts[1]} change, {counts[2]} go to {folder.parked}"
        return Preview(step.id, Change.MAYBE, (f"{folder.native} → {folder.old}", text))

    def do(self, step: Task[CarryFolderPayload], memo: Memo[NoNotes], tell: Tell) -> bool:
        """Carry and compare every byte; a half-done attempt is taken back first."""
        folder = step.payload
        old, parked = Path(folder.old), Path(folder.parked)
        take_back(old, parked)
        result = carry(Path(folder.native), old, parked, without=folder.without, whole=folder.whole)
        counts = [result.count(paths) for paths in (result.came, result.changed, result.vanished)]
        text = f"{counts[0]} files came, {counts[1]} changed, {counts[2]} vanished; the old ones are in {parked}"
        tell(line(step.id, f"{folder.old}: {text}"))
        return any(counts)

    def undo(self, step: Task[CarryFolderPayload], memo: Memo[NoNotes], tell: Tell) -> None:
        """Restore what was parked, and remove what came."""
        if take_back(Path(step.payload.old), Path(step.payload.parked)):
            tell(line(step.id, f"{step.payload.old} is as it was"))
