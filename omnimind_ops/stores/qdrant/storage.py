"""Qdrant's storage directory on disk, read without opening it in Qdrant: its contents, its era, and who uses it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.space import stored_bytes
from omnimind_ops.stores.files.walk import walk
from omnimind_ops.stores.json_object import as_object, parse_object


@dataclass(frozen=True)
class StorageFacts:
    """A storage directory: shard count by collection, target by alias, sizes in bytes with and without holes.

    `evidence` names the file that shows the RocksDB era, "" when there is none. `unfinished` lists shards with an
    interrupted restore, `broken` lists collections with an unreadable config.json.
    """

    path: Path
    collections: Mapping[str, int]
    aliases: Mapping[str, str]
    rocksdb: bool
    evidence: str
    apparent: int
    stored: int
    unfinished: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


def storage_facts(path: Path) -> StorageFacts:
    """Return the facts of a storage directory; Problem when it is not one or cannot be read."""
    if not looks_like_storage(path):
        raise Problem(
            f"cannot read {path} as Qdrant's storage",
            "it contains neither collections/ nor raft_state.json",
            "pass the directory that is mounted at /qdrant/storage",
        )
    tree = walk(path, live=True)
    collections = sorted(collection for collection in (path / "collections").glob("*") if collection.is_dir())
    evidence = next((rocksdb for collection in collections if (rocksdb := _find_rocksdb(collection))), "")
    return StorageFacts(
        path,
        {collection.name: sum(1 for _ in shard_folders(collection)) for collection in collections},
        read_aliases(path),
        bool(evidence),
        evidence,
        tree.apparent,
        stored_bytes(tree),
        tuple(
            str(marker.relative_to(path))
            for collection in collections
            for marker in sorted(collection.glob("shard_*.initializing"))
        ),
        tuple(collection.name for collection in collections if read_json(collection / "config.json") is None),
    )


def looks_like_storage(path: Path) -> bool:
    """Return whether a directory has the layout of a storage directory."""
    return path.is_dir() and ((path / "collections").is_dir() or (path / "raft_state.json").is_file())


def refuse_rocksdb(facts: StorageFacts) -> None:
    """Raise Problem when the storage is of the RocksDB era: newer servers, and the tar.gz builds of 1.16.2 to 1.17.0,
    cannot open it.
    """
    if facts.rocksdb:
        raise rocksdb_problem(facts.path, facts.evidence)


def rocksdb_problem(path: Path, evidence: str) -> Problem:
    """Return the Problem for RocksDB-era data, with the steps to migrate it."""
    return Problem(
        f"cannot move {path} to a native Qdrant",
        f"it was written with RocksDB, which Qdrant no longer supports: {evidence}",
        "upgrade the container one minor version at a time: start it once with the image qdrant/qdrant:v1.16.3, then "
        "once with v1.17.0, and let each version load all collections; then migrate",
    )


def locked_parts(path: Path) -> tuple[str, ...]:
    """Return the parts of a storage directory that a running server has locked, including servers in containers on this
    host; empty when none.

    The lock (flock on each shard's wal directory) is tried without waiting and released at once.
    """
    return _filter_locked(path, (path, *sorted(path.glob("collections/*/*/wal"))))


def locked_shards(path: Path) -> tuple[str, ...]:
    """Return the locked parts of the directory of one collection."""
    return _filter_locked(path, sorted(path.glob("*/wal")))


def _filter_locked(path: Path, paths: Iterable[Path]) -> tuple[str, ...]:
    return tuple(str(part.relative_to(path)) or "." for part in paths if part.is_dir() and _is_locked(part))


def shard_folders(collection: Path) -> Iterator[Path]:
    """Yield the shard directories of a collection."""
    return (shard for shard in sorted(collection.iterdir()) if shard.is_dir() and shard.name.isdigit())


def find_rocksdb_evidence(segment: Path) -> str:
    """Return the part of a segment that shows the RocksDB era, "" when there is none."""
    if (segment / "CURRENT").exists() or any(segment.glob("MANIFEST-*")):
        return "CURRENT or MANIFEST"
    segment_json = read_json(segment / "segment.json") or {}
    try:
        return removed_storage_type(as_object(segment_json.get("config")))
    except ValueError:
        return ""


def read_aliases(path: Path) -> dict[str, str]:
    """Return the target by alias."""
    return {str(alias): str(target) for alias, target in (read_json(path / "aliases" / "data.json") or {}).items()}


def read_json(path: Path) -> Mapping[str, Any] | None:
    """Return the JSON object in a file; None when there is none."""
    try:
        return parse_object(path.read_bytes())
    except (OSError, ValueError):
        return None


def _find_rocksdb(collection: Path) -> str:
    for shard in shard_folders(collection):
        for segment in sorted((shard / "segments").glob("*")):
            if evidence := find_rocksdb_evidence(segment):
                return f"{segment}: {evidence}"
    return ""


def removed_storage_type(config: Mapping[str, Any]) -> str:
    payload = (config.get("payload_storage_type") or {}).get("type")
    if payload in ("on_disk", "in_memory"):
        return f"payload_storage_type {payload}"
    for kind, old in (("vector_data", "Memory"), ("sparse_vector_data", "on_disk")):
        for name, vector in (config.get(kind) or {}).items():
            if vector.get("storage_type") == old:
                return f"storage_type {old} of vector {name!r}"
    return ""


def _is_locked(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Problem(f"cannot check whether {path} is in use", str(error), "run the command as root") from error
    try:
        fcntl.flock(
            handle, fcntl.LOCK_SH | fcntl.LOCK_NB
        )  # shared: two concurrent checks do not mistake each other for a server
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
