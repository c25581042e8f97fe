"""One server makes the backups for all tests of this folder; they are only read."""

import random
from collections.abc import Iterator

import pytest
from qdrant_client import models

from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fingerprint import fingerprint
from tests.qdrant import Server
from tests.stores.backup.backups import NAME, Made


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Two collections, one alias."""
    server = Server(tmp_path_factory.mktemp("qdrant")).start()
    try:
        client = server.client()
        dice = random.Random(1)
        for name, count in ((NAME, 500), ("other", 20)):
            client.create_collection(name, vectors_config=models.VectorParams(size=32, distance=models.Distance.COSINE))
            points = [
                models.PointStruct(
                    id=i, vector=[dice.gauss(0, 1) for _ in range(32)], payload={"i": i, "text": "ü" * i}
                )
                for i in range(count)
            ]
            client.upsert(name, points, wait=True)
        client.create_payload_index(NAME, "i", field_schema=models.PayloadSchemaType.INTEGER)
        alias = models.CreateAlias(collection_name=NAME, alias_name="current")
        client.update_collection_aliases([models.CreateAliasOperation(create_alias=alias)])
        client.create_full_snapshot()  # first: of each collection it makes a snapshot, named by the second, and removes it again
        client.create_snapshot(NAME)
        client.close()
        result = fingerprint(QdrantEndpoint(server.url))
        server.stop()
        yield Made(
            result,
            server.storage,
            next((server.snapshots / NAME).glob("*.snapshot")),
            next(server.snapshots.glob("*.snapshot")),
        )
    finally:
        server.kill()
