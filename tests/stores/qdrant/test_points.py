"""Every point counts: the digest of a whole collection."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from qdrant_client import QdrantClient, models

from omnimind_ops.model.data import compare
from omnimind_ops.model.event import Event
from omnimind_ops.stores.qdrant import points as qdrant_points
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fingerprint import full_fingerprint
from omnimind_ops.stores.qdrant.points import page_size
from tests.qdrant import Server

POINTS = 600


def silent(event: Event) -> None:
    """Tell nobody."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[QdrantClient, QdrantEndpoint]]:
    """A server of numbers and UUIDs."""
    server = Server(tmp_path_factory.mktemp("qdrant")).start()
    client = server.client()
    dice = random.Random(3)
    client.create_collection("c", vectors_config=models.VectorParams(size=8, distance=models.Distance.DOT))
    points = [
        models.PointStruct(id=i * 7, vector=[dice.gauss(0, 1) for _ in range(8)], payload={"i": i})
        for i in range(POINTS // 2)
    ]
    ids = [f"{dice.getrandbits(128):032x}" for _ in range(POINTS // 2)]
    points += [
        models.PointStruct(id=f"{i[:8]}-{i[8:12]}-{i[12:16]}-{i[16:20]}-{i[20:]}", vector=[0.5] * 8, payload={"of": i})
        for i in ids
    ]
    client.upsert("c", points, wait=True)
    yield client, QdrantEndpoint(server.url)
    client.close()
    server.kill()


def test_ranges_read_side_by_side_are_the_whole_read_in_one(
    client: tuple[QdrantClient, QdrantEndpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = full_fingerprint(client[1], silent)
    assert whole.counts == {"collections": 1, "aliases": 0, "points of c": POINTS}
    monkeypatch.setattr(qdrant_points, "FLOATS_PER_PAGE", 80)  # ten points
    events: list[Event] = []
    parts = full_fingerprint(client[1], events.append, "prove")
    assert not compare(whole, parts)
    assert events and all(event.step == "prove" and event.unit == "points" for event in events)


@pytest.mark.parametrize("change", ["vector", "payload", "point", "index", "alias"])
def test_each_difference_is_seen(client: tuple[QdrantClient, QdrantEndpoint], change: str) -> None:
    """The change is taken back."""
    qdrant, endpoint = client
    before = full_fingerprint(endpoint, silent)
    (point,) = qdrant.retrieve("c", [7 * 100], with_vectors=True)
    assert isinstance(point.vector, list)
    again = [models.PointStruct(id=point.id, vector=point.vector, payload=point.payload)]
    if change == "vector":
        qdrant.upsert(
            "c", [models.PointStruct(id=point.id, vector=[*point.vector[:7], 9.0], payload=point.payload)], wait=True
        )
    elif change == "payload":
        qdrant.set_payload("c", {"i": "100"}, points=[point.id], wait=True)
    elif change == "point":
        qdrant.delete("c", [point.id], wait=True)
    elif change == "index":
        qdrant.create_payload_index("c", "i", field_schema=models.PayloadSchemaType.INTEGER, wait=True)
    else:
        alias = models.CreateAlias(collection_name="c", alias_name="a")
        qdrant.update_collection_aliases([models.CreateAliasOperation(create_alias=alias)])
    names = {item.name for item in compare(before, full_fingerprint(endpoint, silent))}
    wanted = {"index": {"payload indexes of c"}, "alias": {"aliases"}, "point": {"points of c", "every point of c"}}
    assert names == wanted.get(change, {"every point of c"})
    qdrant.upsert("c", again, wait=True)
    qdrant.delete_payload_index("c", "i")
    qdrant.update_collection_aliases(
        [models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name="a"))] if change == "alias" else []
    )
    assert not compare(before, full_fingerprint(endpoint, silent))


def test_a_collection_may_be_left_out(client: tuple[QdrantClient, QdrantEndpoint]) -> None:
    assert full_fingerprint(client[1], silent, without=("c",)).counts == {"collections": 0, "aliases": 0}


def test_pages_are_small_where_vectors_are_large_and_where_strict_mode_says_so() -> None:
    def of(size: int, **strict: object) -> int:
        return page_size({"params": {"vectors": {"size": size}}, "strict_mode_config": strict})

    assert (of(8), of(1536), of(65_536)) == (1000, 166, 3)
    assert of(8, enabled=True, max_query_limit=20) == 20
    assert of(8, enabled=False, max_query_limit=20) == 1000
