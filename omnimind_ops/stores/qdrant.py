"""Qdrant as a store: fingerprint a running server, look at its storage on the disk, know which version may read which. Start here."""

from __future__ import annotations

from omnimind_ops.stores.qdrant_fingerprint import fingerprint, full_fingerprint
from omnimind_ops.stores.qdrant_http import QdrantEndpoint, collection_config, snapshot_checksum, version
from omnimind_ops.stores.qdrant_storage import refuse_rocksdb, storage_facts
from omnimind_ops.stores.qdrant_versions import version_problem

__all__ = [
    "QdrantEndpoint",
    "collection_config",
    "fingerprint",
    "full_fingerprint",
    "refuse_rocksdb",
    "snapshot_checksum",
    "storage_facts",
    "version",
    "version_problem",
]
