"""What a test writes into a server, and everything a client can see of it: equal before and after whatever the test
does.
"""

from __future__ import annotations

import math

from qdrant_client import QdrantClient, models

NAME = "machines"


def fill(client: QdrantClient, count: int = 300) -> None:
    """A collection with named and sparse vectors, payload, an index and an alias."""
    client.create_collection(
        NAME,
        vectors_config={"text": models.VectorParams(size=8, distance=models.Distance.COSINE)},
        sparse_vectors_config={"words": models.SparseVectorParams()},
        hnsw_config=models.HnswConfigDiff(m=12),
    )
    client.create_payload_index(NAME, "n", field_schema=models.PayloadSchemaType.INTEGER)
    add(client, range(count))
    alias = models.CreateAlias(collection_name=NAME, alias_name="current")
    client.update_collection_aliases([models.CreateAliasOperation(create_alias=alias)])


def add(client: QdrantClient, ids: range) -> None:
    """More points."""
    rows = [
        models.PointStruct(
            id=i,
            vector={
                "text": [math.sin(i * (k + 1)) for k in range(8)],
                "words": models.SparseVector(indices=[i], values=[1]),
            },
            payload={"n": i, "name": f"machine {i}"},
        )
        for i in ids
    ]
    client.upsert(NAME, rows, wait=True)


def seen(client: QdrantClient) -> dict[str, object]:
    """All points, the configuration, the index, the aliases and one answer."""
    points, _ = client.scroll(NAME, limit=100_000, with_vectors=True)
    info = client.get_collection(NAME)
    return {
        "points": points,
        "config": info.config,
        "schema": info.payload_schema,
        "aliases": client.get_aliases(),
        "answer": client.query_points(NAME, query=[1.0] * 8, using="text", limit=5),
    }
