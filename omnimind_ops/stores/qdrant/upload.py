"""Stream a snapshot to a server while it is read. Without qdrant-client, which cannot stream:
docs/decisions/024-qdrant-client.md.
"""

from __future__ import annotations

from typing import Protocol
from urllib.parse import quote

from omnimind_ops.stores.qdrant import client
from omnimind_ops.stores.qdrant.client import QdrantEndpoint

_DAY = 86_400.0
"""Seconds that a server may take to recover the upload."""


class Readable(Protocol):
    """A file that is read once, from start to end."""

    def read(self, size: int = -1) -> bytes: ...


def upload(endpoint: QdrantEndpoint, collection: str, file: Readable, shard: int | None = None) -> None:
    """Upload a snapshot and make the server recover a collection, or one of its shards, from it.

    Problem when the server reads nothing for TIMEOUT seconds, or refuses the snapshot.

    Each upload uses its own connection: Qdrant 1.15 reads only about 300 kB of a second upload over the same
    connection.
    """
    import httpx

    place = f"/collections/{quote(collection, safe='')}" + ("" if shard is None else f"/shards/{shard}")
    limits = httpx.Timeout(_DAY, write=client.TIMEOUT)
    with httpx.Client(base_url=endpoint.url, headers=endpoint.headers, timeout=limits, trust_env=False) as link:
        request = link.build_request(
            "POST",
            f"{place}/snapshots/upload",
            params={"priority": "snapshot", "wait": "true"},
            files={"snapshot": ("snapshot", file, "application/octet-stream")},  # type: ignore[dict-item]  # it can be read
            headers={"Connection": "close"},
        )
        try:
            client.checked(endpoint, request, link.send(request))
        except httpx.HTTPError as error:
            raise client.unreachable(endpoint, str(error) or type(error).__name__) from error
