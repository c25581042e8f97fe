"""The backup given instead of the container's data, and whether the options fit it."""

from __future__ import annotations

from collections.abc import Mapping

from omnimind_ops.flows.container_endpoints import qdrant_endpoint
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.model.checksum import Checksum
from omnimind_ops.model.facts import Container
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.planning.migration import BackupToRestore
from omnimind_ops.stores import backup
from omnimind_ops.stores.qdrant.facts import collection_config, snapshot_checksum


def restored(container: Container | None, asked: MigrateOptions, notes: list[str]) -> BackupToRestore | None:
    """Return the given backup; raise Problem when it is unusable or its options do not fit."""
    path, file = asked.qdrant_backup, asked.qdrant_collection_config
    if path is None:
        if asked.qdrant_collection or file:
            option = "--qdrant-collection" if asked.qdrant_collection else "--qdrant-collection-config"
            raise Problem(
                f"cannot use {option}",
                "it is about a backup, and none was given",
                "pass --qdrant-backup PATH with it",
                code=ExitCode.USAGE,
            )
        return None
    config = backup.read_config(file) if file else None

    def config_of(name: str) -> Mapping[str, JSON] | None:
        return config or (collection_config(qdrant_endpoint(container), name) if container else None)

    found = backup.recognise(path, asked.qdrant_collection or None, config_of)
    if sha256 := _told(container, found):
        found = backup.recognise(path, asked.qdrant_collection or None, config_of, sha256)
    notes.append(f"Qdrant's data comes from {path} ({found.kind}), not from the container")
    notes += [f"{path}: {note}" for note in found.notes]
    if found.kind is not backup.BackupKind.SHARD:
        if file:
            raise Problem(
                f"cannot use {file} as a configuration",
                f"{path} is a {found.kind}, which holds its own",
                "leave --qdrant-collection-config out; it is for a shard snapshot",
                code=ExitCode.USAGE,
            )
        return BackupToRestore(str(path), asked.qdrant_collection, None, _room(found), found.checksum, sha256)
    (name,) = found.collections
    if not config:
        notes.append(f"the configuration of {name} comes from the running Qdrant: a shard snapshot holds none")
    return BackupToRestore(str(path), name, config_of(name), _room(found), found.checksum, sha256)


def _room(found: backup.Backup) -> int:
    return found.stored + backup.room(found)


def _told(container: Container | None, found: backup.Backup) -> str:
    """Return the SHA-256 that the running container reports for a snapshot of this name, if nothing else covers it."""
    if found.checksum is not Checksum.ABSENT or container is None or not container.running:
        return ""
    if found.kind not in (backup.BackupKind.COLLECTION, backup.BackupKind.FULL):
        return ""
    name = "" if found.kind is backup.BackupKind.FULL else found.collections[0]
    try:
        return snapshot_checksum(qdrant_endpoint(container), name, found.path.name)
    except Problem:  # a server that does not answer is reported elsewhere
        return ""
