"""The second reading of a snapshot: a running Qdrant recovers it from the file with its own code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

from omnimind_ops.model.event import Tell, progress
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup.kinds import BackupKind
from omnimind_ops.stores.backup.recognise import Backup
from omnimind_ops.stores.backup.tar import members, opened
from omnimind_ops.stores.qdrant.client import AnswerProblem, QdrantEndpoint, connect, raw
from omnimind_ops.stores.qdrant.upload import upload
from omnimind_ops.stores.throttle import Throttle

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

SNAPSHOTS = (BackupKind.COLLECTION, BackupKind.SHARD, BackupKind.FULL)
"""Kinds that Qdrant recovers itself; the others are copies of its files on disk."""
NOT_OFFERED = (404, 405, 501)


class NotOfferedError(Exception):
    """This server does not recover snapshots of this kind; the text is its reply."""


def recover(
    backup: Backup, config: Mapping[str, Any] | None, endpoint: QdrantEndpoint, tell: Tell, step: str = ""
) -> None:
    """Make an empty server recover a snapshot. NotOfferedError when it does not support this, Problem when it fails.

    `config` is the configuration of a shard snapshot's collection.
    """
    try:
        with connect(endpoint) as client, opened(backup.path) as (file, _):
            read = Told(backup, tell, step)
            if backup.kind is BackupKind.FULL:
                for member in members(file, str(backup.path)):
                    if name := backup.layout.collections.get(member.name):
                        upload(endpoint, name, read.of(member.open()))
                _set_aliases(client, backup.aliases or {})
            elif backup.kind is BackupKind.SHARD:
                name = backup.layout.collections[""]
                raw(client, "PUT", "/collections/{name}", name, _request(config or {}))
                upload(endpoint, name, read.of(file), shard=0)
            else:
                upload(endpoint, backup.layout.collections[""], read.of(file))
    except AnswerProblem as problem:
        if problem.status in NOT_OFFERED:
            raise NotOfferedError(problem.why) from problem
        raise Problem(
            f"cannot restore {backup.path}",
            f"the program that will serve it cannot recover it: {problem.why}",
            "use the version of Qdrant that made it (--qdrant-binary PATH), or another backup",
        ) from problem


class Told:
    """A file that reports how much of it was read."""

    def __init__(self, backup: Backup, tell: Tell, step: str) -> None:
        self.total = backup.seen[0]
        self.bar = Throttle(tell)
        self.step = step
        self.done = 0
        self.file: IO[bytes] | None = None

    def of(self, file: IO[bytes]) -> Told:
        """Set the file to read and return self. There is no seek, so no caller measures the length first."""
        self.file = file
        return self

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes."""
        assert self.file is not None
        part = self.file.read(size)
        self.done += len(part)
        self.bar(progress(self.step, "let Qdrant recover it by itself", self.done, max(self.total, self.done)))
        return part


def _set_aliases(client: QdrantClient, aliases: Mapping[str, str]) -> None:
    from qdrant_client.models import CreateAlias, CreateAliasOperation

    if aliases:
        pairs = [CreateAlias(alias_name=alias, collection_name=name) for alias, name in aliases.items()]
        client.update_collection_aliases([CreateAliasOperation(create_alias=pair) for pair in pairs])


def _request(config: Mapping[str, Any]) -> dict[str, object]:
    """Return the request body that creates a collection with this configuration."""
    params = config.get("params") or {}
    names = ("vectors", "sparse_vectors", "on_disk_payload")
    body = {name: params[name] for name in names if params.get(name) is not None} | {"shard_number": 1}
    parts = {"hnsw_config": "hnsw_config", "quantization_config": "quantization_config"}
    return body | {name: config[key] for key, name in parts.items() if config.get(key) is not None}
