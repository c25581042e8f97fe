"""Detection of storage that this engine cannot read, before the engine opens it.

Up to about 1.15 the real server kept payloads and indexes in RocksDB. 1.18 and later, and `qdrant-edge`, have no
RocksDB. The version files do not distinguish the eras; the segments do.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .files import read_json

ADVICE = (
    "it was written with RocksDB, which neither this engine nor Qdrant 1.18 and later can read. "
    "Open it once with Qdrant 1.16.3 or 1.17.0 from the Docker image or the .deb (their tar.gz builds lack RocksDB), "
    "let it migrate, then use the storage or a snapshot it wrote"
)


class UnreadableStorageError(Exception):
    """The storage cannot be opened; the text names the part and the reason."""


def segment_is_rocksdb(config: Mapping[str, Any]) -> bool:
    """Return whether a `segment.json` names a storage type that exists only in RocksDB."""
    segment = config.get("config") or {}
    if (segment.get("payload_storage_type") or {}).get("type") in ("on_disk", "in_memory"):
        return True
    vectors = (segment.get("vector_data") or {}).values()
    sparse = (segment.get("sparse_vector_data") or {}).values()
    return any(v.get("storage_type") == "Memory" for v in vectors) or any(
        v.get("storage_type") == "on_disk" for v in sparse
    )


def check_shard(shard: Path) -> None:
    """Raise UnreadableStorageError when a segment of this shard is of the RocksDB era."""
    for segment in sorted((shard / "segments").glob("*")):
        config = read_json(segment / "segment.json", {})
        databases = (segment, segment / "payload_index")
        if segment_is_rocksdb(config) or any((database / "CURRENT").exists() for database in databases):
            raise UnreadableStorageError(f"segment {segment.name}: {ADVICE}")
