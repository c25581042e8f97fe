"""Make snapshot files: of a shard, of a collection, of everything.

A collection snapshot is a tar of the collection's files with `0/segments/<uuid>.tar` inside, each of those with the segment's
files under `snapshot/files/`. The write-ahead log goes along: without it a restored shard would number its operations from 0 again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from omnimind_ops.embedded.qdrant.storage.collection import VERSION, Collection
from omnimind_ops.embedded.qdrant.storage.peer import SHARD_CONFIG, replica_state
from omnimind_ops.embedded.qdrant.wire import dumps

from .sparse_tar import SparseTar

_SKIPPED = frozenset({"edge_config.json", "temp_segments", "segments", "replica_state.json", "shard_config.json"})
"""The engine's own notes, and what is written anew."""


def pack_collection(collection: Collection, peer: int, out: Path) -> None:
    """Write a collection snapshot; the collection must not change meanwhile."""
    collection.flush()
    with out.open("wb") as file:
        tar = SparseTar(file)
        tar.add_bytes("version.info", VERSION.encode())
        tar.add_bytes("config.json", dumps(collection.config))
        tar.add_bytes("payload_index.json", dumps({"schema": collection.schemas}))
        tar.add_bytes("shard_key_mapping.json", b"{}")
        tar.add_directory("0")
        _shard(tar, collection.path / "0", peer, "0/")
        tar.finish()


def pack_shard(collection: Collection, peer: int, out: Path) -> None:
    """Write a shard snapshot: the same without the collection's files around it."""
    collection.flush()
    with out.open("wb") as file:
        tar = SparseTar(file)
        _shard(tar, collection.path / "0", peer, "")
        tar.finish()


def _shard(tar: SparseTar, shard: Path, peer: int, prefix: str) -> None:
    tar.add_directory(f"{prefix}segments")
    for segment in sorted((shard / "segments").iterdir()):
        if segment.is_dir() and not segment.name.startswith("."):
            with tar.add_archive(f"{prefix}segments/{segment.name}.tar") as inner:
                inner.add_tree("snapshot/files", segment)
    for entry in sorted(shard.iterdir()):
        if entry.name in _SKIPPED or entry.name.startswith("."):
            continue
        if entry.is_dir():
            tar.add_tree(f"{prefix}{entry.name}", entry)
        else:
            tar.add_file(f"{prefix}{entry.name}", entry)
    tar.add_bytes(f"{prefix}shard_config.json", dumps(SHARD_CONFIG))
    tar.add_bytes(f"{prefix}replica_state.json", dumps(replica_state(peer)))


def pack_full(snapshots: Mapping[str, Path], aliases: Mapping[str, str], out: Path) -> None:
    """Write a full snapshot: the snapshots of all collections, and which is which."""
    with out.open("wb") as file:
        tar = SparseTar(file)
        for snapshot in snapshots.values():
            tar.add_file(snapshot.name, snapshot)
        mapping = {name: snapshot.name for name, snapshot in snapshots.items()}
        tar.add_bytes("config.json", dumps({"collections_mapping": mapping, "collections_aliases": dict(aliases)}))
        tar.finish()
