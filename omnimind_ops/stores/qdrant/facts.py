"""Short queries to a running server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omnimind_ops.stores.qdrant.client import QdrantEndpoint, ResponseProblem, collection_info, connect

SECONDS = 10


def version(endpoint: QdrantEndpoint) -> str:
    """Return the server's version, e.g. "1.16.3"; Problem when no Qdrant answers."""
    with connect(endpoint, SECONDS) as client:
        return str(client.info().version)


def collection_config(endpoint: QdrantEndpoint, name: str) -> Mapping[str, Any] | None:
    """Return a collection's configuration in the format of its config.json; None when the server has no such
    collection.
    """
    with connect(endpoint, SECONDS) as client:
        try:
            config = collection_info(client, name)["config"]
        except ResponseProblem as problem:
            if problem.status == 404:
                return None
            raise
    return config if isinstance(config, Mapping) else None


def snapshot_checksum(endpoint: QdrantEndpoint, collection: str, name: str) -> str:
    """Return the SHA-256 of a snapshot of a collection ("" for a full snapshot); "" when the server has no such
    snapshot.
    """
    with connect(endpoint, SECONDS) as client:
        snapshots = client.list_snapshots(collection) if collection else client.list_full_snapshots()
    return next((snapshot.checksum or "" for snapshot in snapshots if snapshot.name == name), "")
