"""Points are written, changed, deleted and read back."""

from __future__ import annotations

import asyncio
import math
from uuid import UUID, uuid4

import httpx
import pytest
from qdrant_client import AsyncQdrantClient, QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.qdrant_standin.server import Server

NAME = "machines"


@pytest.fixture
def points(client: QdrantClient) -> QdrantClient:
    """A collection of ten points, ids 0 to 9."""
    client.create_collection(NAME, vectors_config=models.VectorParams(size=4, distance=models.Distance.EUCLID))
    client.upsert(NAME, [models.PointStruct(id=i, vector=[i, 0, 0, 0], payload={"n": i}) for i in range(10)])
    return client


def payload(client: QdrantClient, id: int) -> object:
    """The payload of one point."""
    return client.retrieve(NAME, [id])[0].payload


def over_four(key: str = "n") -> models.Filter:
    """Points 5 to 9."""
    return models.Filter(must=[models.FieldCondition(key=key, range=models.Range(gt=4))])


def test_points_come_back_as_they_were_written(points: QdrantClient) -> None:
    id = str(uuid4())
    facts = {"text": "ä", "list": [1, 2.5, None, True], "deep": {"er": [{"x": 1}]}}
    points.upsert(NAME, [models.PointStruct(id=id, vector=[0.5, 1, 2, 3], payload=facts)])
    result = points.retrieve(NAME, [id], with_vectors=True)[0]
    assert (result.id, result.vector, result.payload) == (id, [0.5, 1, 2, 3], facts)


def test_cosine_vectors_come_back_with_length_one(client: QdrantClient) -> None:
    client.create_collection(NAME, vectors_config=models.VectorParams(size=2, distance=models.Distance.COSINE))
    client.upsert(NAME, [models.PointStruct(id=1, vector=[3, 4])])
    vector = client.retrieve(NAME, [1], with_vectors=True)[0].vector
    assert isinstance(vector, list)
    assert vector == pytest.approx([0.6, 0.8])


def test_columns_are_written_like_rows(points: QdrantClient) -> None:
    columns = models.Batch(ids=[20, 21], vectors=[[1, 1, 1, 1], [2, 2, 2, 2]], payloads=[{"a": 1}, {}])
    assert points.upsert(NAME, columns).status == models.UpdateStatus.COMPLETED
    assert [point.payload for point in points.retrieve(NAME, [20, 21])] == [{"a": 1}, {}]


def test_bulk_uploads_arrive_whole(points: QdrantClient) -> None:
    points.upload_points(
        NAME, (models.PointStruct(id=i, vector=[1, 2, 3, i]) for i in range(100, 1100)), batch_size=100, wait=True
    )
    points.upload_collection(NAME, vectors=[[0, 0, 0, i] for i in range(50)], ids=range(2000, 2050), wait=True)
    assert points.count(NAME).count == 1060


def test_a_request_larger_than_one_slice_is_written_whole(client: QdrantClient) -> None:
    client.create_collection(NAME, vectors_config=models.VectorParams(size=1024, distance=models.Distance.DOT))
    client.upsert(NAME, [models.PointStruct(id=i, vector=[i] * 1024) for i in range(250)])
    assert client.count(NAME).count == 250
    client.set_payload(NAME, {"seen": True}, points=models.Filter())
    seen = models.Filter(must=[models.FieldCondition(key="seen", match=models.MatchValue(value=True))])
    assert client.count(NAME, count_filter=seen).count == 250


def test_one_bad_point_refuses_the_whole_request(points: QdrantClient) -> None:
    with pytest.raises(UnexpectedResponse, match="expected dim: 4, got 3") as refusal:
        points.upsert(
            NAME, [models.PointStruct(id=50, vector=[1, 1, 1, 1]), models.PointStruct(id=51, vector=[1, 1, 1])]
        )
    assert refusal.value.status_code == 400
    assert points.count(NAME).count == 10


def test_nonsense_is_a_bad_request_and_never_a_server_error(server: Server, points: QdrantClient) -> None:
    base = f"{server.url}/collections/{NAME}/points"
    bodies: list[tuple[str, str, object]] = [
        ("PUT", "", {"points": [{"id": -1, "vector": [1, 2, 3, 4]}]}),
        ("PUT", "", {"points": [{"id": "no uuid", "vector": [1, 2, 3, 4]}]}),
        ("PUT", "", {"points": [{"id": 1}]}),
        ("PUT", "", {"points": 5}),
        ("PUT", "", {"points": [{"id": 1, "vector": {"other": [1, 2, 3, 4]}}]}),
        ("PUT", "", {"points": [{"id": 1, "vector": ["a", 2, 3, 4]}]}),
        ("POST", "/query", {"query": [1, 2]}),
        ("POST", "/query", {"query": {"unknown": 1}}),
        ("POST", "/query", {"query": [1, 2, 3, 4], "filter": {"must": [{"key": "a"}]}}),
        ("POST", "/query", {"query": [1, 2, 3, 4], "filter": {"must": [{"key": "a[", "match": {"value": 1}}]}}),
        ("POST", "/query", {"query": [1, 2, 3, 4], "limit": 0}),
        ("POST", "/query", {"query": [1, 2, 3, 4], "using": "other"}),
        ("POST", "/scroll", {"order_by": "no_index"}),
        ("POST", "/scroll", {"limit": "ten"}),
        ("POST", "/payload", {"payload": {"a": 1}}),
        ("POST", "/payload", {"payload": 5, "points": [1]}),
        ("POST", "/batch", {"operations": [{"what": {}}]}),
        ("POST", "/vectors/delete", {"points": [1], "vector": ["other"]}),
    ]
    for method, path, body in bodies:
        answer = httpx.request(method, base + path, json=body)
        assert answer.status_code in (400, 422), (path, body, answer.text)
        assert answer.json()["status"]["error"]
    assert httpx.put(base, content=b"{").status_code == 400
    answer = httpx.post(f"{base}/query", json={"query": {"text": "hello", "model": "bert"}})
    assert (answer.status_code, "InferenceService is not initialized" in answer.text) == (
        500,
        True,
    )  # as the real server without a model
    assert points.count(NAME).count == 10


def test_an_oversized_request_is_refused(server: Server, points: QdrantClient) -> None:
    answer = httpx.put(f"{server.url}/collections/{NAME}/points", content=b" " * (33 << 20))
    assert (answer.status_code, "larger than allowed" in answer.text) == (400, True)


def test_payload_is_set_overwritten_and_cleared(points: QdrantClient) -> None:
    points.set_payload(NAME, {"a": {"b": 1}}, points=[1])
    points.set_payload(NAME, {"c": 2}, points=[1], key="a")
    assert payload(points, 1) == {"n": 1, "a": {"b": 1, "c": 2}}
    points.delete_payload(NAME, ["a.b"], points=[1])
    assert payload(points, 1) == {"n": 1, "a": {"c": 2}}
    points.overwrite_payload(NAME, {"new": True}, points=[1])
    assert payload(points, 1) == {"new": True}
    points.clear_payload(NAME, points_selector=[1])
    assert payload(points, 1) == {}


def test_payload_changes_reach_all_points_of_a_filter(points: QdrantClient) -> None:
    points.set_payload(NAME, {"big": True}, points=over_four())
    big = models.Filter(must=[models.FieldCondition(key="big", match=models.MatchValue(value=True))])
    assert points.count(NAME, count_filter=big).count == 5
    points.clear_payload(NAME, points_selector=models.FilterSelector(filter=big))
    assert points.count(NAME, count_filter=big).count == 0


def test_points_are_deleted_by_id_and_by_filter(points: QdrantClient) -> None:
    points.delete(NAME, points_selector=[0, 1, 77])
    points.delete(NAME, points_selector=models.FilterSelector(filter=over_four()))
    assert sorted(point.id for point in points.scroll(NAME)[0]) == [2, 3, 4]


def test_changing_a_point_that_is_not_there_is_not_found(points: QdrantClient) -> None:
    with pytest.raises(UnexpectedResponse) as refusal:
        points.set_payload(NAME, {"a": 1}, points=[999])
    assert refusal.value.status_code == 404


def test_a_batch_of_changes_is_applied_in_order(points: QdrantClient) -> None:
    results = points.batch_update_points(
        NAME,
        [
            models.UpsertOperation(
                upsert=models.PointsList(points=[models.PointStruct(id=30, vector=[1, 1, 1, 1], payload={"a": 1})])
            ),
            models.SetPayloadOperation(set_payload=models.SetPayload(payload={"b": 2}, points=[30])),
            models.DeletePayloadOperation(delete_payload=models.DeletePayload(keys=["a"], points=[30])),
            models.UpdateVectorsOperation(
                update_vectors=models.UpdateVectors(points=[models.PointVectors(id=30, vector=[2, 2, 2, 2])])
            ),
            models.OverwritePayloadOperation(overwrite_payload=models.SetPayload(payload={"o": 1}, points=[2])),
            models.ClearPayloadOperation(clear_payload=models.PointIdsList(points=[3])),
            models.DeleteOperation(delete=models.PointIdsList(points=[4])),
        ],
    )
    assert len(results) == 7
    result = points.retrieve(NAME, [30], with_vectors=True)[0]
    assert (result.payload, result.vector) == ({"b": 2}, [2, 2, 2, 2])
    assert (payload(points, 2), payload(points, 3), points.retrieve(NAME, [4])) == ({"o": 1}, {}, [])


def test_a_conditional_upsert_leaves_other_points_alone(points: QdrantClient) -> None:
    rows = [models.PointStruct(id=i, vector=[0, 0, 0, 0], payload={"n": i, "new": 1}) for i in (1, 8)]
    points.upsert(NAME, rows, update_filter=over_four())
    assert (payload(points, 1), payload(points, 8)) == ({"n": 1}, {"n": 8, "new": 1})


def test_scrolling_visits_every_point_once(points: QdrantClient) -> None:
    observed: list[object] = []
    offset: int | str | UUID | None = None
    while True:
        page, offset = points.scroll(NAME, limit=3, offset=offset)
        observed += [point.id for point in page]
        if offset is None:
            break
    assert observed == list(range(10))


def test_scrolling_follows_a_payload_field(points: QdrantClient) -> None:
    points.create_payload_index(NAME, "n", field_schema=models.PayloadSchemaType.INTEGER)
    order = models.OrderBy(key="n", direction=models.Direction.DESC, start_from=7)
    page, offset = points.scroll(NAME, limit=3, order_by=order)
    assert ([point.id for point in page], offset) == ([7, 6, 5], None)


def test_payload_and_vectors_are_returned_as_asked(points: QdrantClient) -> None:
    points.set_payload(NAME, {"a": 1, "b": 2}, points=[1])
    assert points.retrieve(NAME, [1], with_payload=["a"])[0].payload == {"a": 1}
    without = points.retrieve(NAME, [1], with_payload=models.PayloadSelectorExclude(exclude=["a"]))
    assert without[0].payload == {"n": 1, "b": 2}
    bare = points.retrieve(NAME, [1], with_payload=False)[0]
    assert (bare.payload, bare.vector) == (None, None)


def test_values_of_a_field_are_counted(points: QdrantClient) -> None:
    points.create_payload_index(NAME, "kind", field_schema=models.PayloadSchemaType.KEYWORD)
    points.set_payload(NAME, {"kind": "press"}, points=over_four())
    points.set_payload(NAME, {"kind": "lathe"}, points=[1, 2])
    assert [(hit.value, hit.count) for hit in points.facet(NAME, "kind").hits] == [("press", 5), ("lathe", 2)]


def test_named_sparse_and_multi_vectors_are_kept(client: QdrantClient) -> None:
    multi = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    client.create_collection(
        NAME,
        vectors_config={
            "text": models.VectorParams(size=2, distance=models.Distance.DOT),
            "tokens": models.VectorParams(size=2, distance=models.Distance.DOT, multivector_config=multi),
        },
        sparse_vectors_config={"words": models.SparseVectorParams()},
    )
    arguments = models.SparseVector(indices=[1, 7], values=[0.5, 2])
    vectors = {"text": [1.0, 2.0], "tokens": [[1.0, 0.0], [0.0, 1.0]], "words": arguments}
    client.upsert(NAME, [models.PointStruct(id=1, vector=vectors), models.PointStruct(id=2, vector={"text": [5, 5]})])
    assert client.retrieve(NAME, [1], with_vectors=True)[0].vector == vectors
    assert client.retrieve(NAME, [1], with_vectors=["words"])[0].vector == {"words": arguments}
    client.delete_vectors(NAME, vectors=["text"], points=[1])
    client.update_vectors(NAME, [models.PointVectors(id=2, vector={"words": arguments})])
    left = client.retrieve(NAME, [1, 2], with_vectors=True)
    assert [sorted(point.vector or {}) for point in left] == [["tokens", "words"], ["text", "words"]]


async def _async_roundtrip(url: str) -> int:
    client = AsyncQdrantClient(url=url, check_compatibility=False)  # its thread would outlive the test
    await client.create_collection(NAME, vectors_config=models.VectorParams(size=2, distance=models.Distance.COSINE))
    await client.upsert(NAME, [models.PointStruct(id=i, vector=[math.cos(i), math.sin(i)]) for i in range(7)])
    hits = (await client.query_points(NAME, query=[1.0, 0.0], limit=1)).points
    await client.close()
    return int(hits[0].id)


def test_the_async_client_works_as_well(server: Server, client: QdrantClient) -> None:
    assert asyncio.run(_async_roundtrip(server.url)) == 0
