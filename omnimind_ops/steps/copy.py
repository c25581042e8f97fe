"""kind "copy": a directory that moves. Warm: a first pass into `incoming` while the old stack serves. Final: what changed, then two renames."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from omnimind_ops.model.event import Tell, line
from omnimind_ops.model.plan import Change, Preview, Step
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.steps.arguments import text
from omnimind_ops.steps.backup import asked_backup, mark_of
from omnimind_ops.stores import backup
from omnimind_ops.stores.files.copy_tree import copy_tree
from omnimind_ops.stores.files.discard import discard


@dataclass(frozen=True)
class CopyStep:
    """Copy beside, compare, rename. What stood at the target is parked beside it under `.omnimind-parked/<run>`; nothing is deleted."""

    paths: Paths
    run: str

    def preview(self, step: Step) -> Preview:
        """Say from where to where; the final pass is a maybe, its input changes until then."""
        change = Change.YES if text(step.args, "pass") == "warm" else Change.MAYBE
        return Preview(
            step.id,
            change,
            (f"{text(step.args, 'backup') or text(step.args, 'source')} → {text(step.args, 'target')}",),
        )

    def do(self, step: Step, memo: Memo, tell: Tell) -> bool:
        """Make one pass."""
        incoming, target = Path(text(step.args, "incoming")), Path(text(step.args, "target"))
        if text(step.args, "pass") == "warm":
            return self._fill(step, incoming, tell, live=True)
        if memo.get("swapping") and not incoming.exists():
            return False  # killed after the renames
        if not text(step.args, "backup"):
            self._fill(step, incoming, tell, live=False)
        before = self._parked(target, "before")
        before.parent.mkdir(parents=True, exist_ok=True)
        memo.put("swapping", True)
        if target.exists():
            incoming.chmod(target.stat().st_mode & 0o7777)  # the goal's mode, not the source's
            target.rename(before)
        incoming.rename(target)
        self._manifest(incoming).unlink(missing_ok=True)
        mark_of(incoming).unlink(missing_ok=True)
        return True

    def undo(self, step: Step, memo: Memo, tell: Tell) -> None:
        """Park what stands at the target (it may hold writes made since) and give back what stood there before."""
        if text(step.args, "pass") == "warm" or not memo.get("swapping"):
            return
        incoming, target = Path(text(step.args, "incoming")), Path(text(step.args, "target"))
        before = self._parked(target, "before")
        if not incoming.exists() and target.exists() and not memo.get("parked"):
            after = self._parked(target, "after")
            target.rename(after)
            tell(line(step.id, f"kept what was at {target} as {after}"))
        memo.put("parked", True)
        if before.exists() and not target.exists():
            before.rename(target)
        memo.put("swapping", False)
        memo.put("parked", False)

    def _fill(self, step: Step, incoming: Path, tell: Tell, *, live: bool) -> bool:
        if text(step.args, "backup"):
            return self._unpack(step, incoming, tell)
        incoming.parent.mkdir(parents=True, exist_ok=True)
        report = copy_tree(
            Path(text(step.args, "source")),
            incoming,
            manifest=self._manifest(incoming),
            owner=_owner(text(step.args, "owner")),
            step=step.id,
            tell=tell,
            live=live,
        )
        tell(
            line(step.id, f"{report.changed} of {report.files} files copied and read back equal, {report.removed} gone")
        )
        return report.changed > 0

    def _unpack(self, step: Step, incoming: Path, tell: Tell) -> bool:
        """Fill `incoming` from a backup once in a run; what another run left there may be of another backup."""
        mark = mark_of(incoming)
        if incoming.exists() and mark.is_file() and mark.read_text() == self.run:
            return False
        discard(incoming)
        partial = incoming.with_name(f"{incoming.name}.partial")
        discard(partial)
        unpacked = backup.unpack(asked_backup(step.args), partial, tell, step.id)
        _give(unpacked, _owner(text(step.args, "owner")))
        mark.write_text(self.run)
        unpacked.rename(incoming)
        backup.forget(partial)
        return True

    def _manifest(self, incoming: Path) -> Path:
        self.paths.stage.mkdir(parents=True, exist_ok=True)
        return self.paths.stage / f"{incoming.parent.name}-{incoming.name}.manifest"

    def _parked(self, target: Path, when: str) -> Path:
        return target.parent / ".omnimind-parked" / self.run / f"{target.name}.{when}"


def _owner(name: str) -> tuple[int, int]:
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid


def _give(tree: Path, owner: tuple[int, int]) -> None:
    os.chown(tree, *owner)
    for folder, names, leaves in os.walk(tree):
        for name in (*names, *leaves):
            os.chown(Path(folder) / name, *owner, follow_symlinks=False)
