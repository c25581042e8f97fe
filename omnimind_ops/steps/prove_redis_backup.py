"""kind "prove-redis-backup": before anything stops, load a backup of Redis with the server that will serve it.

Every key is read, and the dump for the server is staged.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.notes import ProveRedisBackupNotes
from omnimind_ops.model.payloads import ProveRedisBackupPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.stores.redis.backup import read_backup
from omnimind_ops.stores.redis.backup_words import coverage, description
from omnimind_ops.stores.redis.proof import prove_again, prove_backup

MARGIN = 3600
"""Seconds that a fingerprint must still be comparable; a migration that was postponed may continue days later."""


@dataclass(frozen=True)
class ProveRedisBackupStep:
    """Notes the backup's content for `verify`, and writes stage/redis/dump.rdb."""

    payload: ClassVar = ProveRedisBackupPayload
    notes: ClassVar = ProveRedisBackupNotes
    paths: Paths

    def preview(self, step: Task[ProveRedisBackupPayload]) -> Preview:
        """Return no change: only staged files are written."""
        return Preview(step.id, Change.NO)

    def do(self, step: Task[ProveRedisBackupPayload], memo: Memo[ProveRedisBackupNotes], tell: Tell) -> bool:
        """Load the backup once; a repetition keeps the staged dump."""
        staged = _staged(self.paths)
        if memo.read().fingerprint and staged.is_file():
            return False
        staged.parent.mkdir(parents=True, exist_ok=True)
        staged.unlink(missing_ok=True)
        backup = read_backup(Path(step.payload.backup))
        for note in backup.notes:
            tell(line(step.id, note))
        if not backup.covered:
            tell(warning(f"{backup.path}: {coverage(backup)}", step.id))
        version = step.payload.target_version
        proof = prove_backup(backup, version, _scratch(self.paths), staged, tell, step.id)
        text = description(backup, time.time())
        memo.write(ProveRedisBackupNotes(proof.horizon, proof.fingerprint, text, coverage(backup)))
        return False

    def undo(self, step: Task[ProveRedisBackupPayload], memo: Memo[ProveRedisBackupNotes], tell: Tell) -> None:
        """Do nothing: the staged dump stays until the next run or `finish`."""


def evidence(notes: ProveRedisBackupNotes, paths: Paths, tell: Tell, step: str) -> tuple[Fingerprint, int]:
    """Return what the backup holds, and until when that can be compared (unix milliseconds); read again if needed."""
    if notes.fingerprint and (notes.horizon or 0) > (time.time() + MARGIN) * 1000:
        return notes.fingerprint, notes.horizon or 0
    proof = prove_again(_staged(paths), _scratch(paths), tell, step)
    return proof.fingerprint, proof.horizon


def _staged(paths: Paths) -> Path:
    return paths.stage / "redis" / "dump.rdb"


def _scratch(paths: Paths) -> Path:
    return paths.stage / "redis-scratch"
