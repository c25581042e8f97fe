"""Backups of Qdrant: detect the kind of a backup, unpack it into a storage directory, prove it. Start: detect.py."""

from __future__ import annotations

from omnimind_ops.stores.backup.detect import Backup, detect
from omnimind_ops.stores.backup.kinds import BackupKind
from omnimind_ops.stores.backup.proof import Proof, proof_space, prove
from omnimind_ops.stores.backup.shard import read_config
from omnimind_ops.stores.backup.unpack import forget_unpacked, unpack

__all__ = [
    "Backup",
    "BackupKind",
    "Proof",
    "detect",
    "forget_unpacked",
    "proof_space",
    "prove",
    "read_config",
    "unpack",
]
