"""Check backup: whether a checksum covers the backup to be restored. Pure."""

from __future__ import annotations

from omnimind_ops.model.checksum import DESCRIPTIONS, UNPROTECTED, Checksum
from omnimind_ops.planning.check import Check, State

FIX = {
    Checksum.ABSENT: "next time, write a checksum beside the backup: sha256sum FILE > FILE.checksum; "
    "for a snapshot, Qdrant reports it: GET /collections/NAME/snapshots",
    Checksum.FOLDER: "next time, pack the stopped server's folder: tar -czSf FILE.tar.gz -C FOLDER .",
}


def backup(path: str, checksum: Checksum | None) -> Check:
    """Warn if no checksum covers the backup: it can be restored, but a changed bit would go unnoticed."""
    if checksum is None:
        return Check("backup", State.OK, "no backup to restore")
    state = State.WARN if checksum in UNPROTECTED else State.OK
    return Check("backup", state, f"{path}: {DESCRIPTIONS[checksum]}", FIX.get(checksum, ""))
