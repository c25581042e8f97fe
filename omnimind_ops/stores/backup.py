"""Backups of Qdrant as a store: recognise what a path is, unpack it into a storage directory. Start here."""

from __future__ import annotations

from omnimind_ops.stores.backup_kinds import BackupKind
from omnimind_ops.stores.backup_recognise import Backup, recognise
from omnimind_ops.stores.backup_unpack import unpack

__all__ = ["Backup", "BackupKind", "recognise", "unpack"]
