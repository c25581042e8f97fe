"""kind "copy": move a directory.

Warm: a first pass into `incoming` while the old stack serves. Final: copy the changes, then swap
(stores/files/place.py).
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
from omnimind_ops.model.place import Place
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.steps.prove_backup import detect_backup, run_marker
from omnimind_ops.stores import backup
from omnimind_ops.stores.files.copy import check_separate, copy_tree
from omnimind_ops.stores.files.discard import discard
from omnimind_ops.stores.files.manifest import default_manifest
from omnimind_ops.stores.files.place import (
    check,
    check_return,
    give_back,
    has_copy,
    is_arriving,
    make_room,
    swap_in,
    take_out,
)


@dataclass(frozen=True)
class CopyStep:
    """Copy, compare, swap. The previous content of the target is parked on its own file system; nothing is deleted."""

    payload: ClassVar = CopyPayload
    notes: ClassVar = CopyNotes
    paths: Paths
    run: str

    def preview(self, step: Task[CopyPayload]) -> Preview:
        """Return source and target; the final pass is a maybe, because its input changes until then."""
        copy = step.payload
        change = Change.YES if copy.pass_ is Pass.WARM else Change.MAYBE
        return Preview(step.id, change, (_shown(copy),))

    def do(self, step: Task[CopyPayload], memo: Memo[CopyNotes], tell: Tell) -> bool:
        """Make one pass."""
        copy, place = step.payload, _place(step)
        if memo.read().swapping and not has_copy(place):
            return False  # killed after the swap
        check(place)
        if copy.pass_ is Pass.WARM:
            return self._fill(step, place, tell, live=True)
        if not (copy.backup or is_arriving(place)):
            self._fill(step, place, tell, live=False)
        memo.write(CopyNotes(swapping=True))
        swap_in(place, self.run, _owner(copy.owner))
        self._manifest(place).unlink(missing_ok=True)
        run_marker(place.incoming).unlink(missing_ok=True)
        return True

    def undo(self, step: Task[CopyPayload], memo: Memo[CopyNotes], tell: Tell) -> None:
        """Park the target, which may contain newer writes, and restore the previous one."""
        notes, place = memo.read(), _place(step)
        if step.payload.pass_ is Pass.WARM or not notes.swapping:
            return
        check_return(place)
        if not notes.parked and take_out(place, self.run):
            tell(line(step.id, f"moved {place.target} to {place.after(self.run)}"))
        memo.write(CopyNotes(parked=True))
        give_back(place, self.run)
        memo.write(CopyNotes(swapping=False, parked=False))

    def _fill(self, step: Task[CopyPayload], place: Place, tell: Tell, *, live: bool) -> bool:
        make_room(place)
        if step.payload.backup:
            return self._unpack(step, place.incoming, tell)
        source = Path(step.payload.source)
        if step.payload.only is None:
            check_separate(source, place.target)
        report = copy_tree(
            source,
            place.incoming,
            manifest=self._manifest(place),
            owner=_owner(step.payload.owner),
            step=step.id,
            tell=tell,
            live=live,
            only=step.payload.only,
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

    def _manifest(self, place: Place) -> Path:
        """Return where the passes are recorded: for a copy inside a mount point beside it, on the same file system."""
        if place.inside:
            return default_manifest(place.incoming)
        self.paths.stage.mkdir(parents=True, exist_ok=True)
        return self.paths.stage / f"{place.incoming.parent.name}-{place.incoming.name}.manifest"


def _shown(copy: CopyPayload) -> str:
    names = f" ({', '.join(copy.only)})" if copy.only else ""
    return f"{copy.backup or copy.source}{names} → {copy.target}"


def _place(step: Task[CopyPayload]) -> Place:
    return Place.of(step.payload.target, step.payload.incoming)


def _owner(name: str) -> tuple[int, int]:
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid


def _set_owner(tree: Path, owner: tuple[int, int]) -> None:
    os.chown(tree, *owner)
    for folder, folders, files in os.walk(tree):
        for name in (*folders, *files):
            os.chown(Path(folder) / name, *owner, follow_symlinks=False)
