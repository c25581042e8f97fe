"""Restore a snapshot into a running server: upload it, and create what a snapshot does not contain.

The upload streams the file while it is read. It does not use qdrant-client, which cannot stream:
docs/decisions/024-qdrant-client.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from omnimind_ops.stores.qdrant import client
from omnimind_ops.stores.qdrant.client import QdrantEndpoint

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

_DAY = 86_400.0
"""Seconds that a server may take to recover the upload."""


class Readable(Protocol):
    """A file that is read once, from start to end."""

    def read(self, size: int = -1) -> bytes: ...


def restore_snapshot(endpoint: QdrantEndpoint, collection: str, file: Readable, shard: int | None = None) -> None:
    """Upload a snapshot and make the server recover a collection, or one of its shards, from it.

    Problem when the server reads nothing for TIMEOUT seconds, or refuses the snapshot.

    Each upload uses its own connection: Qdrant 1.15 reads only about 300 kB of a second upload over the same
    connection.
    """
    import httpx

    path = f"/collections/{quote(collection, safe='')}" + ("" if shard is None else f"/shards/{shard}")
    limits = httpx.Timeout(_DAY, write=client.TIMEOUT)
    with httpx.Client(base_url=endpoint.url, headers=endpoint.headers, timeout=limits, trust_env=False) as session:
        request = session.build_request(
            "POST",
            f"{path}/snapshots/upload",
            params={"priority": "snapshot", "wait": "true"},
            files={"snapshot": ("snapshot", file, "application/octet-stream")},  # type: ignore[dict-item]  # only read
            headers={"Connection": "close"},
        )
        try:
            client.check_response(endpoint, request, session.send(request))
        except httpx.HTTPError as error:
            raise client.unreachable(endpoint, str(error) or type(error).__name__) from error


def create_collection(qdrant: QdrantClient, name: str, config: Mapping[str, Any]) -> None:
    """Create a collection of one shard with this configuration; a snapshot of a shard is restored into it."""
    params = config.get("params") or {}
    names = ("vectors", "sparse_vectors", "on_disk_payload")
    body = {key: params[key] for key in names if params.get(key) is not None} | {"shard_number": 1}
    body |= {key: config[key] for key in ("hnsw_config", "quantization_config") if config.get(key) is not None}
    client.request_json(qdrant, "PUT", "/collections/{name}", name, body)


def set_aliases(qdrant: QdrantClient, aliases: Mapping[str, str]) -> None:
    """Create aliases; `aliases` maps each alias to its collection."""
    from qdrant_client.models import CreateAlias, CreateAliasOperation

    if aliases:
        pairs = [CreateAlias(alias_name=alias, collection_name=name) for alias, name in aliases.items()]
        qdrant.update_collection_aliases([CreateAliasOperation(create_alias=pair) for pair in pairs])
