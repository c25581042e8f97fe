"""Create snapshot files of a shard, of a collection or of everything, in the real server's layout.

A collection snapshot is a tar with `N/segments/<uuid>.tar` for each shard. Each of these holds the segment's files
under `snapshot/files/`; the collection's own files are at the end. The write-ahead log is included: without it a
restored shard would number its operations from 0 again. A shard can also be streamed: then its segments' files are not
packed, and the log is empty.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from omnimind_ops.embedded.qdrant.storage.collection import VERSION, Collection, shard_folders
from omnimind_ops.embedded.qdrant.storage.files import read_json
from omnimind_ops.embedded.qdrant.storage.peer import SHARD_CONFIG, replica_state
from omnimind_ops.embedded.qdrant.wire import dumps

from .sparse_tar import SparseTar

_SKIPPED = frozenset({"edge_config.json", "temp_segments", "segments", "replica_state.json", "shard_config.json"})
"""The engine's own files, and files that are written anew."""
_ORDER = ("vector_index", "vector_storage", "payload_index", "payload_storage", "", "segment.json", "version.info")
"""Order of a segment's files; those not named here (the id tracker's) are at ""."""
_LOG_MAGIC = b"wal\0"


def pack_collection(collection: Collection, peer: int, out: Path) -> None:
    """Write a collection snapshot; the collection must not change meanwhile."""
    collection.flush()
    with out.open("wb") as file:
        tar = SparseTar(file)
        for shard in shard_folders(collection.path):
            _segments(tar, shard, f"{shard.name}/")
            _rest(tar, shard, f"{shard.name}/", peer)
        tar.add_bytes("version.info", VERSION.encode())
        tar.add_bytes("config.json", dumps(collection.config))
        tar.add_bytes("shard_key_mapping.json", b"[]")
        tar.add_bytes("payload_index.json", dumps({"schema": collection.schemas}))
        tar.finish()


def pack_shard(collection: Collection, shard: int, peer: int, out: Path) -> None:
    """Write a shard snapshot: the same without the collection's files."""
    collection.flush()
    with out.open("wb") as file:
        tar = SparseTar(file)
        _segments(tar, collection.path / str(shard), "")
        _rest(tar, collection.path / str(shard), "", peer)
        tar.finish()


def pack_stream(collection: Collection, shard: int, peer: int, out: Path) -> None:
    """Write a shard snapshot in the real server's stream format."""
    collection.flush()
    folder = collection.path / str(shard)
    with out.open("wb") as file:
        tar = SparseTar(file)
        for segment in _segment_folders(folder):
            for entry in _files(segment):
                tar.add_file(f"segments/{segment.name}/files/{entry.relative_to(segment)}", entry)
        if (folder / "newest_clocks.json").exists():
            tar.add_file("newest_clocks.json", folder / "newest_clocks.json")
        tar.add_directory("wal")
        capacity = int(collection.config["wal_config"]["wal_capacity_mb"]) << 20
        tar.add_empty_log(f"wal/closed-{_next_operation(folder)}", _LOG_MAGIC + secrets.token_bytes(4), capacity)
        _state(tar, "", peer)
        tar.finish()


def pack_full(snapshots: Mapping[str, Path], aliases: Mapping[str, str], out: Path) -> None:
    """Write a full snapshot: the snapshots of all collections, and the mapping of their names."""
    config = out.with_suffix(".config.json")
    mapping = {name: snapshot.name for name, snapshot in snapshots.items()}
    config.write_bytes(dumps({"collections_mapping": mapping, "collections_aliases": dict(aliases)}))
    try:
        with out.open("wb") as file:
            tar = SparseTar(file)
            for snapshot in snapshots.values():
                tar.add_file(snapshot.name, snapshot)
            tar.add_file("config.json", config)
            tar.finish()
    finally:
        config.unlink()


def _segments(tar: SparseTar, shard: Path, prefix: str) -> None:
    """Add each segment as a separate archive, which ends after its last file."""
    for segment in _segment_folders(shard):
        with tar.add_archive(f"{prefix}segments/{segment.name}.tar") as inner:
            for entry in _files(segment):
                inner.add_file(f"snapshot/files/{entry.relative_to(segment)}", entry)


def _rest(tar: SparseTar, shard: Path, prefix: str, peer: int) -> None:
    """Add the shard's other files."""
    for entry in sorted(shard.rglob("*"), key=lambda path: path.relative_to(shard).parts):
        inside = entry.relative_to(shard)
        if entry.is_file() and inside.parts[0] not in _SKIPPED and not inside.parts[0].startswith("."):
            tar.add_file(f"{prefix}{inside}", entry)
    _state(tar, prefix, peer)


def _state(tar: SparseTar, prefix: str, peer: int) -> None:
    tar.add_bytes(f"{prefix}replica_state.json", dumps(replica_state(peer)))
    tar.add_bytes(f"{prefix}shard_config.json", dumps(SHARD_CONFIG))


def _segment_folders(shard: Path) -> Iterator[Path]:
    for segment in sorted((shard / "segments").iterdir()):
        if segment.is_dir() and not segment.name.startswith("."):
            yield segment


def _files(segment: Path) -> list[Path]:
    """Return all files of a segment, in order."""

    def rank(path: Path) -> tuple[int, tuple[str, ...]]:
        parts = path.relative_to(segment).parts
        named = [index for index, start in enumerate(_ORDER) if start and parts[0].startswith(start)]
        return (named[0] if named else _ORDER.index("")), parts

    return sorted((path for path in segment.rglob("*") if path.is_file()), key=rank)


def _next_operation(shard: Path) -> int:
    """Return the number of the shard's next operation."""
    versions = [(read_json(segment / "segment.json") or {}).get("version") for segment in _segment_folders(shard)]
    return max((version for version in versions if version is not None), default=-1) + 1
