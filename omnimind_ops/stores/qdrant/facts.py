"""Short queries to a running server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omnimind_ops.stores.qdrant.client import QdrantEndpoint, ResponseProblem, collection_info, connect, request_json

SECONDS = 10


def version(endpoint: QdrantEndpoint) -> str:
    """Return the server's version, e.g. "1.16.3"; Problem when no Qdrant answers."""
    with connect(endpoint, SECONDS) as client:
        return str(client.info().version)


@dataclass(frozen=True)
class ClusterFacts:
    """Cluster mode: the peers by ID with their addresses, and the collections with shards on other peers."""

    enabled: bool
    peers: Mapping[str, str] = field(default_factory=dict)
    spread: tuple[str, ...] = ()


def cluster(endpoint: QdrantEndpoint) -> ClusterFacts:
    """Return whether the server is part of a cluster, and of which."""
    with connect(endpoint, SECONDS) as client:
        try:
            status: Mapping[str, Any] = request_json(client, "GET", "/cluster", "")
        except ResponseProblem:
            return ClusterFacts(False)  # a server without the endpoint has no cluster mode
        if status.get("status") != "enabled":
            return ClusterFacts(False)
        names = sorted(collection.name for collection in client.get_collections().collections)
        spread = [
            name for name in names if request_json(client, "GET", "/collections/{name}/cluster", name)["remote_shards"]
        ]
    peers = {id: str(peer.get("uri", "")) for id, peer in (status.get("peers") or {}).items()}
    return ClusterFacts(True, peers, tuple(spread))


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
