"""The fingerprint of a running server: equal for equal contents, different for any difference, cheap on large
collections.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from qdrant_client import QdrantClient, models

from omnimind_ops.credentials import Credentials
from omnimind_ops.health.probes.qdrant import COLLECTION
from omnimind_ops.model.data import compare
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import FingerprintNotes, VerifyNotes
from omnimind_ops.model.payloads import FingerprintPayload, VerifyPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.steps.fingerprint import FingerprintStep
from omnimind_ops.steps.verify import VerifyStep
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fingerprint import EVERY, configuration, fingerprint, strict_collections, top_results
from omnimind_ops.stores.qdrant.sample import point_bytes
from tests.qdrant import Server

NAME = "machines"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One stand-in for all tests."""
    item = Server(tmp_path_factory.mktemp("qdrant")).start()
    yield item
    item.kill()


@pytest.fixture
def client(server: Server) -> Iterator[QdrantClient]:
    """A client of an empty server."""
    result = server.client()
    for collection in result.get_collections().collections:
        result.delete_collection(collection.name)
    yield result
    result.close()


def endpoint(server: Server) -> QdrantEndpoint:
    return QdrantEndpoint(server.url)


def fill(client: QdrantClient, ids: list[int | str], size: int = 16, name: str = NAME) -> None:
    """A collection of random but always the same vectors."""
    client.create_collection(name, vectors_config=models.VectorParams(size=size, distance=models.Distance.COSINE))
    client.create_payload_index(name, "n", field_schema=models.PayloadSchemaType.INTEGER)
    dice = random.Random(1)
    points = [
        models.PointStruct(id=i, vector=[dice.gauss(0, 1) for _ in range(size)], payload={"n": n, "text": f"ü {n}"})
        for n, i in enumerate(ids)
    ]
    for at in range(0, len(points), 1000):
        client.upsert(name, points[at : at + 1000], wait=True)


def uuids(count: int) -> list[int | str]:
    dice = random.Random(2)
    return [str(UUID(int=dice.getrandbits(128))) for _ in range(count)]


IDS: dict[str, list[int | str]] = {
    "few": list(range(7)),
    "dense": list(range(3000)),
    "sparse": [n * 10**15 + 5 for n in range(3000)],
    "huge": [2**64 - 1 - n for n in range(500)],
    "uuids": uuids(3000),
    "mixed": [*range(10, 2000), *uuids(1000)],
}


@pytest.mark.parametrize("kind", IDS)
def test_the_same_points_give_the_same_fingerprint_in_whatever_order_they_came(
    server: Server, client: QdrantClient, kind: str
) -> None:
    fill(client, IDS[kind])
    first = fingerprint(endpoint(server))
    points, _ = client.scroll(NAME, limit=10_000, with_vectors=True)
    client.delete_collection(NAME)
    client.create_collection(NAME, vectors_config=models.VectorParams(size=16, distance=models.Distance.COSINE))
    random.Random(3).shuffle(points)
    for at in range(0, len(points), 500):
        part = points[at : at + 500]
        client.upsert(NAME, [models.PointStruct(id=p.id, vector=p.vector, payload=p.payload) for p in part], wait=True)  # type: ignore[arg-type]
    client.create_payload_index(NAME, "n", field_schema=models.PayloadSchemaType.INTEGER)
    assert not compare(first, fingerprint(endpoint(server)))
    assert first.counts[f"points of {NAME}"] == len(IDS[kind])


def test_each_difference_is_named(server: Server, client: QdrantClient) -> None:
    fill(client, list(range(150)))
    first = fingerprint(endpoint(server))

    def different() -> set[str]:
        return {
            difference.name.removesuffix(f" of {NAME}") for difference in compare(first, fingerprint(endpoint(server)))
        }

    client.set_payload(NAME, {"n": 8}, points=[7])
    assert different() == {"every point"}
    client.set_payload(NAME, {"n": 7}, points=[7])
    assert different() == set()
    client.create_payload_index(NAME, "text", field_schema=models.PayloadSchemaType.KEYWORD)
    assert different() == {"payload indexes"}
    client.delete_payload_index(NAME, "text")
    alias = models.CreateAlias(collection_name=NAME, alias_name="current")
    client.update_collection_aliases([models.CreateAliasOperation(create_alias=alias)])
    assert different() == {"aliases"}
    client.update_collection_aliases(
        [models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name="current"))]
    )
    vector = client.retrieve(NAME, [30], with_vectors=True)[0].vector
    client.update_vectors(NAME, [models.PointVectors(id=30, vector=[-x for x in vector])])  # type: ignore[arg-type, union-attr, operator]
    assert "every point" in different()
    client.delete(NAME, [30])
    assert "points" in different()


def test_the_collection_of_the_health_check_is_no_difference(server: Server, client: QdrantClient) -> None:
    """The native services of a run that was cut have made it; the same command must go on."""
    fill(client, list(range(50)))
    notes, here = MemoryNotes(), endpoint(server)
    noting = Task("read-qdrant", FingerprintPayload(here.url, ""))
    FingerprintStep().do(noting, Memo(notes, "read-qdrant", FingerprintNotes), lambda _: None)
    client.create_collection(COLLECTION, vectors_config=models.VectorParams(size=4, distance=models.Distance.DOT))
    try:
        goal = replace(Goal(), qdrant_port=int(here.url.rpartition(":")[2]))
        step = VerifyStep(goal, lambda: Credentials("", "", ""), refuse=lambda *_: None)
        step.do(Task("verify", VerifyPayload(qdrant=True)), Memo(notes, "verify", VerifyNotes), lambda _: None)
    finally:
        client.delete_collection(COLLECTION)


def test_a_single_point_of_thousands_and_any_setting_shows(server: Server, client: QdrantClient) -> None:
    fill(client, list(range(3000)))
    first = fingerprint(endpoint(server))
    client.set_payload(NAME, {"text": "other"}, points=[1717])
    assert {d.name for d in compare(first, fingerprint(endpoint(server)))} == {f"every point of {NAME}"}
    client.set_payload(NAME, {"text": "ü 1717"}, points=[1717])
    client.update_collection(NAME, optimizers_config=models.OptimizersConfigDiff(indexing_threshold=77_000))
    assert {d.name for d in compare(first, fingerprint(endpoint(server)))} == {f"settings of {NAME}"}


@pytest.mark.parametrize(
    "strict",
    [
        models.StrictModeConfig(enabled=True, search_allow_exact=False),
        models.StrictModeConfig(enabled=True, max_query_limit=20),
    ],
    ids=["exact", "large"],
)
def test_a_collection_that_refuses_searches_is_read_completely(
    server: Server, client: QdrantClient, strict: models.StrictModeConfig
) -> None:
    fill(client, list(range(150)))
    client.update_collection(NAME, strict_mode_config=strict)
    assert strict_collections(endpoint(server)) == (NAME,)
    first = fingerprint(endpoint(server))
    assert first.counts[f"points of {NAME}"] == 150
    client.set_payload(NAME, {"n": -1}, points=[77])
    assert {d.name for d in compare(first, fingerprint(endpoint(server)))} == {f"every point of {NAME}"}


def test_the_smallest_collections_are_read_completely(
    server: Server, client: QdrantClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert EVERY > 10_000
    monkeypatch.setattr("omnimind_ops.stores.qdrant.fingerprint.EVERY", 1000)
    for name, size in (("small", 300), ("middle", 500), ("large", 600)):
        fill(client, list(range(size)), name=name)
    first = fingerprint(endpoint(server))
    assert {name for name in first.digests if "point of" in name} == {
        f"every point of {n}" for n in ("small", "middle")
    }
    assert {name for name in first.digests if "sampled" in name} == {"sampled points of large"}


def test_survives_a_restart_and_the_index_being_built(tmp_path: Path) -> None:
    item = Server(tmp_path / "q").start()
    try:
        client = item.client()
        fill(client, list(range(400)))
        client.close()
        first = fingerprint(endpoint(item))
        item.stop()
        item.start()
        assert not compare(first, fingerprint(endpoint(item)))
    finally:
        item.kill()


def test_named_sparse_and_multi_vectors_are_read(server: Server, client: QdrantClient) -> None:
    client.create_collection(
        NAME,
        vectors_config={"a": models.VectorParams(size=4, distance=models.Distance.EUCLID)},
        sparse_vectors_config={"words": models.SparseVectorParams()},
    )
    rows = [
        models.PointStruct(
            id=i,
            vector={"a": [i, 1, 2, 3], "words": models.SparseVector(indices=[i, 9000], values=[0.1, 0.2])},
            payload={},
        )
        for i in range(50)
    ]
    client.upsert(NAME, rows, wait=True)
    first = fingerprint(endpoint(server))
    client.update_vectors(
        NAME, [models.PointVectors(id=3, vector={"words": models.SparseVector(indices=[3, 9000], values=[0.1, 0.3])})]
    )
    assert {d.name for d in compare(first, fingerprint(endpoint(server)))} == {f"every point of {NAME}"}


def test_an_empty_collection_and_an_empty_server(server: Server, client: QdrantClient) -> None:
    assert fingerprint(endpoint(server)).counts == {"collections": 0, "aliases": 0}
    client.create_collection("odd name+%", vectors_config=models.VectorParams(size=4, distance=models.Distance.DOT))
    assert fingerprint(endpoint(server)).counts["points of odd name+%"] == 0


def test_identical_vectors_leave_the_answer_to_nobody(server: Server, client: QdrantClient) -> None:
    client.create_collection(NAME, vectors_config=models.VectorParams(size=4, distance=models.Distance.COSINE))
    rows = [models.PointStruct(id=i, vector=[1, 2, 3, 4], payload={}) for i in range(200)]
    client.upsert(NAME, rows, wait=True)
    first = fingerprint(endpoint(server))
    client.delete_collection(NAME)
    client.create_collection(NAME, vectors_config=models.VectorParams(size=4, distance=models.Distance.COSINE))
    client.upsert(NAME, rows[::-1], wait=True)
    assert not compare(first, fingerprint(endpoint(server)))


def test_top_answers_do_not_depend_on_order_or_on_what_ties_with_the_last() -> None:
    scored = [{"id": n, "score": score} for n, score in enumerate([0.9, 0.8, 0.8, 0.8, 0.5, 0.5, 0.5])]
    dice = random.Random(1)
    wanted = top_results(scored, top=5, fetched=7)
    assert wanted == [("0.9", "0"), ("0.8", "1"), ("0.8", "2"), ("0.8", "3")]
    other_choice = [*scored[:6], {"id": 77, "score": 0.5}]
    for item in (scored, other_choice):
        shuffled = list(item)
        dice.shuffle(shuffled)
        assert top_results(shuffled, top=5, fetched=7) == wanted
    assert top_results(scored, rising=True, top=2, fetched=100) == [("0.5", "4"), ("0.5", "5")]
    assert top_results([{"id": 1, "score": 0.89999998}], fetched=9) == top_results([{"id": 1, "score": 0.9}], fetched=9)


def test_points_as_bytes() -> None:
    def point(**changes: object) -> models.Record:
        results: dict[str, object] = {
            "id": 1,
            "payload": {"b": 1, "a": [1.5, None]},
            "vector": {"v": [0.1, 0.2], "s": {"indices": [2, 1], "values": [1, 2]}},
        }
        return models.Record.model_validate(results | changes)

    same = point(
        payload={"a": [1.5, None], "b": 1},
        vector={"s": {"indices": [1, 2], "values": [2, 1]}, "v": [0.10000000149011612, 0.2]},
    )
    assert point_bytes(point()) == point_bytes(same)
    for other in (
        {"id": 2},
        {"payload": {}},
        {"vector": [0.1, 0.2]},
        {"vector": {"v": [0.1, 0.2]}},
        {"vector": {"w": [0.1, 0.2]}},
    ):
        assert point_bytes(point(**other)) != point_bytes(point())
    identity = "C0FFEE00-0000-4000-8000-000000000001"
    assert point_bytes(point(id=identity)) == point_bytes(point(id=identity.lower()))


def test_settings_that_a_newer_version_adds_unset_do_not_count() -> None:
    config = {"params": {"vectors": {"size": 4}}, "hnsw_config": {"m": 16}, "optimizer_config": {"x": 1}}
    newer = {
        "params": {"vectors": {"size": 4, "memory": None}},
        "hnsw_config": {"m": 16, "inline_storage": None},
        "quantization_config": None,
    }
    assert configuration(config) == configuration(newer)
