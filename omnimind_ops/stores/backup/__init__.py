"""Backups of Qdrant: recognise a backup, unpack it into a storage directory, prove it. Start: recognise.py."""

from __future__ import annotations

from omnimind_ops.stores.backup.kinds import BackupKind
from omnimind_ops.stores.backup.proof import Proof, prove, room
from omnimind_ops.stores.backup.recognise import Backup, recognise
from omnimind_ops.stores.backup.shard import read_config
from omnimind_ops.stores.backup.unpack import forget, unpack

__all__ = ["Backup", "BackupKind", "Proof", "forget", "prove", "read_config", "recognise", "room", "unpack"]
