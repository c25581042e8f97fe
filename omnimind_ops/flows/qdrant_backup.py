"""The backup given instead of the container's data, and whether the options fit it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from omnimind_ops.flows.container_endpoints import qdrant_endpoint
from omnimind_ops.flows.migrate_options import MigrateOptions
from omnimind_ops.model.checksum import Checksum
from omnimind_ops.model.facts import Container
from omnimind_ops.model.json import JSON
from omnimind_ops.model.problem import ExitCode, Problem
from omnimind_ops.planning.source import BackupToRestore
from omnimind_ops.stores import backup
from omnimind_ops.stores.qdrant.facts import collection_config, snapshot_checksum
from omnimind_ops.tools import age


def backup_to_restore(container: Container | None, options: MigrateOptions, notes: list[str]) -> BackupToRestore | None:
    """Return the given backup; raise Problem when it is unusable or its options do not fit."""
    path, config_file = options.qdrant_backup, options.qdrant_collection_config
    if path is None:
        if options.qdrant_collection or config_file:
            option = "--qdrant-collection" if options.qdrant_collection else "--qdrant-collection-config"
            raise Problem(
                f"cannot use {option}",
                "it applies to a backup, and no backup is given",
                "pass --qdrant-backup PATH with it",
                code=ExitCode.USAGE,
            )
        return None
    config = backup.read_config(config_file) if config_file else None

    def config_of(name: str) -> Mapping[str, JSON] | None:
        return config or (collection_config(qdrant_endpoint(container), name) if container else None)

    detected = backup.detect(path, options.qdrant_collection or None, config_of)
    if sha256 := _reported_checksum(container, detected):
        detected = backup.detect(path, options.qdrant_collection or None, config_of, sha256)
    notes.append(f"Qdrant's data comes from {path} ({detected.kind}), not from the container")
    notes += [f"{path}: {note}" for note in (_description(detected, time.time()), *detected.notes)]
    if detected.kind is not backup.BackupKind.SHARD:
        if config_file:
            raise Problem(
                f"cannot use {config_file} as a configuration",
                f"{path} is a {detected.kind}, which contains its own configuration",
                "omit --qdrant-collection-config; it is for a shard snapshot",
                code=ExitCode.USAGE,
            )
        return BackupToRestore(
            str(path), options.qdrant_collection, None, _space_needed(detected), detected.checksum, sha256
        )
    (name,) = detected.collections
    if not config:
        notes.append(f"the configuration of {name} comes from the running Qdrant: a shard snapshot contains none")
    return BackupToRestore(str(path), name, config_of(name), _space_needed(detected), detected.checksum, sha256)


def _description(detected: backup.Backup, now: float) -> str:
    """Return what the backup holds and how old it is."""
    collections = [_collection(name, detected.points.get(name)) for name in detected.collections]
    aliases = [f"{alias} → {name}" for alias, name in sorted((detected.aliases or {}).items())]
    parts = [f"collections {', '.join(collections)}"]
    if detected.aliases is not None:
        parts.append(f"aliases {', '.join(aliases)}" if aliases else "no aliases")
    parts.append(age.written(detected.written, now))
    return "; ".join(parts)


def _collection(name: str, points: int | None) -> str:
    return name if points is None else f"{name} (up to {points} points)"


def _space_needed(detected: backup.Backup) -> int:
    return detected.stored + backup.proof_space(detected)


def _reported_checksum(container: Container | None, detected: backup.Backup) -> str:
    """Return the SHA-256 that the running container reports for a snapshot of this name, if nothing else covers it."""
    if detected.checksum is not Checksum.ABSENT or container is None or not container.running:
        return ""
    if detected.kind not in (backup.BackupKind.COLLECTION, backup.BackupKind.FULL):
        return ""
    name = "" if detected.kind is backup.BackupKind.FULL else detected.collections[0]
    try:
        return snapshot_checksum(qdrant_endpoint(container), name, detected.path.name)
    except Problem:  # a server that does not answer is reported elsewhere
        return ""
