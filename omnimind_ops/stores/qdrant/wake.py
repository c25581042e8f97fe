"""Let a started server build the indexes that it lacks: it waits for a write after each start (status `grey`)."""

from __future__ import annotations

from omnimind_ops.stores.qdrant.client import QdrantEndpoint, collection_info, connect, request_json

SLEEPING = "grey"


def wake_optimizers(endpoint: QdrantEndpoint) -> tuple[str, ...]:
    """Start the waiting optimizers, as Qdrant's documentation says; return the collections. No setting changes."""
    with connect(endpoint) as client:
        names = sorted(collection.name for collection in client.get_collections().collections)
        sleeping = tuple(name for name in names if collection_info(client, name).get("status") == SLEEPING)
        for name in sleeping:
            request_json(client, "PATCH", "/collections/{name}", name, {"optimizers_config": {}})
    return sleeping
