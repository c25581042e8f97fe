"""kinds "note-evidence" and "check-evidence": what folders hold before their containers stop, and whether they still do
afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.notes import EvidenceNotes, NoNotes
from omnimind_ops.model.payloads import CheckEvidencePayload, NoteEvidencePayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.stores.files.evidence import folder_evidence, refuse_smaller

NOTE_ID = "note-folders"


@dataclass(frozen=True)
class NoteEvidenceStep:
    """Counts the files of each folder while the containers run."""

    payload: ClassVar = NoteEvidencePayload
    notes: ClassVar = EvidenceNotes

    def preview(self, step: Task[NoteEvidencePayload]) -> Preview:
        """Return no change: the step is read-only."""
        return Preview(step.id, Change.NO)

    def do(self, step: Task[NoteEvidencePayload], memo: Memo[EvidenceNotes], tell: Tell) -> bool:
        """Note every folder once; a repetition after the containers stopped keeps the stored counts."""
        if memo.read().folders is None:
            folders = {path: folder_evidence(Path(path), live=True) for path in step.payload.folders}
            memo.write(EvidenceNotes(folders))
            for path, noted in folders.items():
                tell(line(step.id, f"{path}: {noted.files} files, {noted.bytes} bytes"))
        return False

    def undo(self, step: Task[NoteEvidencePayload], memo: Memo[EvidenceNotes], tell: Tell) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class CheckEvidenceStep:
    """Refuses a folder that is smaller than it was."""

    payload: ClassVar = CheckEvidencePayload
    notes: ClassVar = NoNotes

    def preview(self, step: Task[CheckEvidencePayload]) -> Preview:
        """Return no change: the step is read-only."""
        return Preview(step.id, Change.NO)

    def do(self, step: Task[CheckEvidencePayload], memo: Memo[NoNotes], tell: Tell) -> bool:
        """Compare every folder with what was noted."""
        for path, noted in (memo.of(NOTE_ID, EvidenceNotes).folders or {}).items():
            if lost := refuse_smaller(Path(path), noted, folder_evidence(Path(path))):
                tell(warning(f"{path}: {lost} files were deleted while the containers stopped", step.id))
        return False

    def undo(self, step: Task[CheckEvidencePayload], memo: Memo[NoNotes], tell: Tell) -> None:
        """Do nothing."""
