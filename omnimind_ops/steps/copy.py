"""kind "copy": move a directory.

Warm: a first pass into `incoming` while the old stack serves. Final: copy the changes, then two renames.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.notes import CopyNotes
from omnimind_ops.model.payloads import CopyPayload, Pass
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.steps.prove_backup import detect_backup, run_marker
from omnimind_ops.stores import backup
from omnimind_ops.stores.files.copy import copy_tree
from omnimind_ops.stores.files.discard import discard


@dataclass(frozen=True)
class CopyStep:
    """Copy beside, compare, rename.

    The previous target is parked beside it in `.omnimind-parked/<run>`; nothing is deleted.
    """

    payload: ClassVar = CopyPayload
    notes: ClassVar = CopyNotes
    paths: Paths
    run: str

    def preview(self, step: Task[CopyPayload]) -> Preview:
        """Return source and target; the final pass is a maybe, because its input changes until then."""
        copy = step.payload
        change = Change.YES if copy.pass_ is Pass.WARM else Change.MAYBE
        return Preview(step.id, change, (f"{copy.backup or copy.source} → {copy.target}",))

    def do(self, step: Task[CopyPayload], memo: Memo[CopyNotes], tell: Tell) -> bool:
        """Make one pass."""
        incoming, target = Path(step.payload.incoming), Path(step.payload.target)
        if step.payload.pass_ is Pass.WARM:
            return self._fill(step, incoming, tell, live=True)
        if memo.read().swapping and not incoming.exists():
            return False  # killed after the renames
        if not step.payload.backup:
            self._fill(step, incoming, tell, live=False)
        previous = self._parked(target, "before")
        previous.parent.mkdir(parents=True, exist_ok=True)
        memo.write(CopyNotes(swapping=True))
        if target.exists():
            incoming.chmod(target.stat().st_mode & 0o7777)  # the goal's mode, not the source's
            target.rename(previous)
        incoming.rename(target)
        self._manifest(incoming).unlink(missing_ok=True)
        run_marker(incoming).unlink(missing_ok=True)
        return True

    def undo(self, step: Task[CopyPayload], memo: Memo[CopyNotes], tell: Tell) -> None:
        """Park the target, which may contain newer writes, and restore the previous one."""
        notes = memo.read()
        if step.payload.pass_ is Pass.WARM or not notes.swapping:
            return
        incoming, target = Path(step.payload.incoming), Path(step.payload.target)
        previous = self._parked(target, "before")
        if not incoming.exists() and target.exists() and not notes.parked:
            parked = self._parked(target, "after")
            target.rename(parked)
            tell(line(step.id, f"moved {target} to {parked}"))
        memo.write(CopyNotes(parked=True))
        if previous.exists() and not target.exists():
            previous.rename(target)
        memo.write(CopyNotes(swapping=False, parked=False))

    def _fill(self, step: Task[CopyPayload], incoming: Path, tell: Tell, *, live: bool) -> bool:
        if step.payload.backup:
            return self._unpack(step, incoming, tell)
        incoming.parent.mkdir(parents=True, exist_ok=True)
        report = copy_tree(
            Path(step.payload.source),
            incoming,
            manifest=self._manifest(incoming),
            owner=_owner(step.payload.owner),
            step=step.id,
            tell=tell,
            live=live,
        )
        tell(line(step.id, f"{report.changed} of {report.files} files copied and verified, {report.removed} removed"))
        return report.changed > 0

    def _unpack(self, step: Task[CopyPayload], incoming: Path, tell: Tell) -> bool:
        """Fill `incoming` from a backup once per run; another run may have left a different backup there."""
        mark = run_marker(incoming)
        if incoming.exists() and mark.is_file() and mark.read_text() == self.run:
            return False
        discard(incoming)
        partial = incoming.with_name(f"{incoming.name}.partial")
        discard(partial)
        unpacked = backup.unpack(detect_backup(step.payload.backup, step.payload.packed), partial, tell, step.id)
        _set_owner(unpacked, _owner(step.payload.owner))
        mark.write_text(self.run)
        unpacked.rename(incoming)
        backup.forget_unpacked(partial)
        return True

    def _manifest(self, incoming: Path) -> Path:
        self.paths.stage.mkdir(parents=True, exist_ok=True)
        return self.paths.stage / f"{incoming.parent.name}-{incoming.name}.manifest"

    def _parked(self, target: Path, when: str) -> Path:
        return target.parent / ".omnimind-parked" / self.run / f"{target.name}.{when}"


def _owner(name: str) -> tuple[int, int]:
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid


def _set_owner(tree: Path, owner: tuple[int, int]) -> None:
    os.chown(tree, *owner)
    for folder, folders, files in os.walk(tree):
        for name in (*folders, *files):
            os.chown(Path(folder) / name, *owner, follow_symlinks=False)
