"""kind "prove-backup": before anything stops, load a backup with its future server, and read every point."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from omnimind_ops.health.probes.qdrant import COLLECTION
from omnimind_ops.model.checksum import DESCRIPTIONS, UNPROTECTED
from omnimind_ops.model.event import Tell, warning
from omnimind_ops.model.notes import ProveBackupNotes
from omnimind_ops.model.payloads import Packed, ProveBackupPayload
from omnimind_ops.model.plan import Change, Preview, Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.stores import backup
from omnimind_ops.stores.files.discard import discard
from omnimind_ops.stores.qdrant.scratch import Program
from omnimind_ops.tools.program import argv

SCRATCH = ".omnimind-proof"


def detect_backup(path: str, packed: Packed | None) -> backup.Backup:
    """Return the backup of a step. Before 0.2.0 the journal stored only its path."""
    stored = packed or Packed("", None, "")
    return backup.detect(Path(path), stored.collection or None, lambda _: stored.config, stored.sha256)


def run_marker(incoming: Path) -> Path:
    """Return the path of the file that contains the id of the run which unpacked a backup there."""
    return incoming.with_name(f".{incoming.name}.of-run")


@dataclass(frozen=True)
class ProveBackupStep:
    """Notes the backup's content for `verify`. If the program cannot load it, the unpacked files are removed."""

    payload: ClassVar = ProveBackupPayload
    notes: ClassVar = ProveBackupNotes
    paths: Paths

    def preview(self, step: Task[ProveBackupPayload]) -> Preview:
        """Return no change: only the unpacked files are touched."""
        return Preview(step.id, Change.NO)

    def do(self, step: Task[ProveBackupPayload], memo: Memo[ProveBackupNotes], tell: Tell) -> bool:
        """Load the backup in a scratch folder beside it, on a loopback port with its own key."""
        if memo.read().fingerprint:
            return False
        payload, storage = step.payload, Path(step.payload.storage)
        program = Program(argv(self.paths.opt / "qdrant" / "current"), payload.user)
        try:
            detected = detect_backup(payload.backup, payload.packed)
            if detected.checksum in UNPROTECTED:
                tell(warning(f"{detected.path}: {DESCRIPTIONS[detected.checksum]}", step.id))
            proof = backup.prove(
                detected,
                payload.packed.config,
                storage,
                program,
                storage.parent / SCRATCH,
                tell,
                step.id,
                without=(COLLECTION,),
            )
        except Problem:
            discard(storage)
            run_marker(storage).unlink(missing_ok=True)
            raise
        memo.write(ProveBackupNotes(str(detected.checksum), proof.second_reader, proof.fingerprint))
        return False

    def undo(self, step: Task[ProveBackupPayload], memo: Memo[ProveBackupNotes], tell: Tell) -> None:
        """Remove the remains of a killed proof."""
        discard(Path(step.payload.storage).parent / SCRATCH)
