"""Unpack snapshot files, of the stand-in or the real server, into a directory that can become a collection."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from omnimind_ops.embedded.qdrant.errors import wrong_input
from omnimind_ops.embedded.qdrant.storage import era
from omnimind_ops.embedded.qdrant.storage.collection import VERSION, Collection, shard_folders
from omnimind_ops.embedded.qdrant.storage.files import read_json, write_json
from omnimind_ops.embedded.qdrant.storage.peer import SHARD_CONFIG, replica_state


def unpack_collection(snapshot: Path, target: Path, peer: int) -> None:
    """Unpack a collection snapshot and verify that the engine can open it; ApiError gives the reason for a failure."""
    _extract(snapshot, target)
    config = read_json(target / "config.json")
    if config is None:
        raise wrong_input("the file is no collection snapshot: it has no config.json")
    if (target / "segments").exists():
        raise wrong_input("the file is a shard snapshot: use /collections/{name}/shards/0/snapshots")
    _prove(target, peer)


def unpack_shard(snapshot: Path, target: Path, peer: int, collection: Collection, shard: int) -> None:
    """Unpack a shard snapshot into a copy of the collection's files."""
    _extract(snapshot, target / str(shard))
    if not (target / str(shard) / "segments").exists():
        raise wrong_input("the file is no shard snapshot: it has no segments")
    write_json(target / "config.json", collection.config)
    write_json(target / "payload_index.json", {"schema": collection.schemas})
    write_json(target / "shard_key_mapping.json", [])
    (target / "version.info").write_text(VERSION, encoding="utf-8")
    _prove(target, peer)


def _extract(archive: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:") as tar:
            tar.extractall(target, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise wrong_input(f"the file is no snapshot: {error}") from error


def _prove(target: Path, peer: int) -> None:
    try:
        for shard in shard_folders(target):
            if not (shard / "wal").is_dir():
                raise wrong_input("the snapshot has no write-ahead log, so its shard cannot be opened")
            _unpack_segments(shard)
            write_json(shard / "shard_config.json", SHARD_CONFIG)
            write_json(shard / "replica_state.json", replica_state(peer))
        Collection.open(target).close()
    except era.UnreadableStorageError as error:
        raise wrong_input(f"the snapshot cannot be opened: {str(error).removeprefix(f'{target}: ')}") from error


def _unpack_segments(shard: Path) -> None:
    """Unpack `segments/<uuid>.tar` (or, streamed, `segments/<uuid>/files/`) to `segments/<uuid>/`."""
    for packed in sorted((shard / "segments").iterdir()):
        if packed.suffix == ".tar":
            beside = packed.with_name(f".{packed.stem}")
            _extract(packed, beside)
            packed.unlink()
            inner = beside / "snapshot"
            if not (inner / "files").exists():
                raise era.UnreadableStorageError(f"segment {packed.stem}: {era.ADVICE}")
            _take_files(inner, packed.with_suffix(""))
            shutil.rmtree(beside)
        elif (packed / "files").is_dir():
            beside = packed.with_name(f".{packed.name}")
            packed.rename(beside)
            _take_files(beside, packed)
            shutil.rmtree(beside)


def _take_files(packed: Path, segment: Path) -> None:
    """Move the segment's files into place. Directories beside them (`db_backup`) are RocksDB backups, which are no
    longer readable.
    """
    if any(entry.is_dir() and entry.name != "files" for entry in packed.iterdir()):
        raise era.UnreadableStorageError(f"segment {segment.name}: {era.ADVICE}")
    (packed / "files").rename(segment)
