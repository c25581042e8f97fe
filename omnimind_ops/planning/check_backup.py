"""Check backup: whether a checksum covers the backup to be restored. Pure."""

from __future__ import annotations

from omnimind_ops.model.checksum import SAID, UNSEEN, Checksum
from omnimind_ops.planning.check import Check, State

FIX = {
    Checksum.ABSENT: "when you make a backup: sha256sum FILE > FILE.checksum, and keep both; "
    "of a snapshot Qdrant tells it too: GET /collections/NAME/snapshots",
    Checksum.FOLDER: "when you make a backup: pack the stopped server's folder, tar -czSf FILE.tar.gz -C FOLDER .",
}


def backup(path: str, checksum: Checksum | None) -> Check:
    """Warn if no checksum covers the backup: it can be restored, but a changed bit would go unnoticed."""
    if checksum is None:
        return Check("backup", State.OK, "no backup is restored")
    state = State.WARN if checksum in UNSEEN else State.OK
    return Check("backup", state, f"{path}: {SAID[checksum]}", FIX.get(checksum, ""))
