"""Restore a snapshot into a running Qdrant server, which recovers it with its own code. The proof compares the result
with what omnimind unpacked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from omnimind_ops.model.event import Tell, progress
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup.detect import Backup
from omnimind_ops.stores.backup.kinds import BackupKind
from omnimind_ops.stores.backup.tar import members, open_archive
from omnimind_ops.stores.qdrant.client import QdrantEndpoint, ResponseProblem, connect
from omnimind_ops.stores.qdrant.restore import create_collection, restore_snapshot, set_aliases
from omnimind_ops.stores.throttle import Throttle

SNAPSHOT_KINDS = (BackupKind.COLLECTION, BackupKind.SHARD, BackupKind.FULL)
"""Kinds that Qdrant recovers itself; the others are copies of its files on disk."""
_NOT_SUPPORTED = (404, 405, 501)


class NotSupportedError(Exception):
    """This server does not recover snapshots of this kind; the text is its reply."""


def restore(
    backup: Backup, config: Mapping[str, Any] | None, endpoint: QdrantEndpoint, tell: Tell, step: str = ""
) -> None:
    """Restore a snapshot into an empty server. NotSupportedError when it does not support this, Problem when it fails.

    `config` is the configuration of a shard snapshot's collection.
    """
    try:
        with connect(endpoint) as client, open_archive(backup.path) as (file, _):
            reader = ProgressReader(backup, tell, step)
            if backup.kind is BackupKind.FULL:
                for member in members(file, str(backup.path)):
                    if name := backup.layout.collections.get(member.name):
                        restore_snapshot(endpoint, name, reader.wrap(member.open()))
                set_aliases(client, backup.aliases or {})
            elif backup.kind is BackupKind.SHARD:
                name = backup.layout.collections[""]
                create_collection(client, name, config or {})
                restore_snapshot(endpoint, name, reader.wrap(file), shard=0)
            else:
                restore_snapshot(endpoint, backup.layout.collections[""], reader.wrap(file))
    except ResponseProblem as problem:
        if problem.status in _NOT_SUPPORTED:
            raise NotSupportedError(problem.why) from problem
        raise Problem(
            f"cannot restore {backup.path}",
            f"the Qdrant program that will serve it cannot restore it: {problem.why}",
            "pass the Qdrant version that made it (--qdrant-binary PATH), or use another backup",
        ) from problem


class ProgressReader:
    """A file that reports how much of it was read."""

    def __init__(self, backup: Backup, tell: Tell, step: str) -> None:
        self.total = backup.file_stamp[0]
        self.throttle = Throttle(tell)
        self.step = step
        self.done = 0
        self.file: IO[bytes] | None = None

    def wrap(self, file: IO[bytes]) -> ProgressReader:
        """Set the file to read and return self. There is no seek, so no caller measures the length first."""
        self.file = file
        return self

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes."""
        assert self.file is not None
        part = self.file.read(size)
        self.done += len(part)
        self.throttle(progress(self.step, "restore into a scratch Qdrant", self.done, max(self.total, self.done)))
        return part
