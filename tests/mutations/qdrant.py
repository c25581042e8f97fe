"""A Qdrant, noted and then changed: the notes are the source, the server the copy."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qdrant_client import QdrantClient, models

from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import FingerprintNotes
from omnimind_ops.model.payloads import VerifyPayload
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.stores.qdrant.client import QdrantEndpoint
from omnimind_ops.stores.qdrant.fingerprint import fingerprint
from tests.mutations.mutation import verify
from tests.qdrant import Server

PLAIN, NAMED = "plain", "named"
POINTS = 400
UUID = "c0ffee00-0000-4000-8000-{:012d}"

Mutations = dict[str, Callable[[random.Random], object]]


class QdrantCopy:
    """A server with a plain collection, and one with named, sparse and multi vectors."""

    def __init__(self, server: Server, client: QdrantClient) -> None:
        self.server, self.client = server, client
        self.mutations: Mutations = {
            **_points(client),
            **_vectors(client),
            **_payloads(client),
            **_collections(client),
        }

    def prepare(self, chance: random.Random) -> None:
        """Fill the server, and note it as the cutover does."""
        for collection in self.client.get_collections().collections:
            self.client.delete_collection(collection.name)
        _fill(self.client, chance)
        self.notes = MemoryNotes()
        noted = fingerprint(QdrantEndpoint(self.server.url))
        Memo(self.notes, "read-qdrant", FingerprintNotes).write(FingerprintNotes(noted))

    def verify(self) -> None:
        """Compare as a migration does."""
        verify(VerifyPayload(qdrant=True), Goal(qdrant_port=self.server.port), self.notes)


@contextmanager
def qdrant_copy(folder: Path) -> Iterator[QdrantCopy]:
    """Run the server for the block."""
    server = Server(folder / "qdrant").start()
    client = server.client()
    try:
        yield QdrantCopy(server, client)
    finally:
        client.close()
        server.kill()


def _fill(client: QdrantClient, chance: random.Random) -> None:
    dense = models.VectorParams(size=8, distance=models.Distance.COSINE)
    many = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    client.create_collection(PLAIN, vectors_config=dense)
    client.create_collection(
        NAMED,
        vectors_config={
            "text": models.VectorParams(size=4, distance=models.Distance.EUCLID),
            "parts": models.VectorParams(size=4, distance=models.Distance.DOT, multivector_config=many),
        },
        sparse_vectors_config={"words": models.SparseVectorParams()},
    )
    client.create_payload_index(PLAIN, "n", field_schema=models.PayloadSchemaType.INTEGER)
    client.create_payload_index(PLAIN, "text", field_schema=models.PayloadSchemaType.KEYWORD)
    plain = [
        models.PointStruct(
            id=n, vector=_numbers(chance, 8), payload={"n": n, "text": f"t {n}", "deep": {"list": [n, None, 1.5]}}
        )
        for n in range(POINTS)
    ]
    plain += [models.PointStruct(id=UUID.format(n), vector=_numbers(chance, 8), payload={}) for n in range(20)]
    named = [
        models.PointStruct(
            id=n,
            vector={
                "text": _numbers(chance, 4),
                "parts": [_numbers(chance, 4), _numbers(chance, 4)],
                "words": models.SparseVector(indices=[n, 9000], values=[0.5, 0.25]),
            },
            payload={"n": n},
        )
        for n in range(60)
    ]
    client.upsert(PLAIN, plain, wait=True)
    client.upsert(NAMED, named, wait=True)
    _alias(client, "current", PLAIN)


def _alias(client: QdrantClient, name: str, collection: str) -> None:
    create = models.CreateAlias(collection_name=collection, alias_name=name)
    client.update_collection_aliases([models.CreateAliasOperation(create_alias=create)])


def _drop_alias(client: QdrantClient, name: str) -> None:
    delete = models.DeleteAlias(alias_name=name)
    client.update_collection_aliases([models.DeleteAliasOperation(delete_alias=delete)])


def _numbers(chance: random.Random, size: int) -> list[float]:
    return [chance.gauss(0, 1) for _ in range(size)]


def _points(client: QdrantClient) -> Mutations:
    def any_id(chance: random.Random) -> int | str:
        return chance.choice((chance.randrange(POINTS), UUID.format(chance.randrange(20))))

    def point(id_: int | str, chance: random.Random) -> Any:
        return client.upsert(PLAIN, [models.PointStruct(id=id_, vector=_numbers(chance, 8), payload={})], wait=True)

    def renumber(chance: random.Random) -> None:
        result = client.retrieve(PLAIN, [old := chance.randrange(POINTS)], with_vectors=True)[0]
        client.delete(PLAIN, [old], wait=True)
        client.upsert(PLAIN, [models.PointStruct(id=99_999, vector=result.vector, payload=result.payload)], wait=True)  # type: ignore[arg-type]

    return {
        "a point lost": lambda chance: client.delete(PLAIN, [any_id(chance)], wait=True),
        "half of the points lost": lambda _: client.delete(PLAIN, list(range(POINTS // 2)), wait=True),
        "all points lost": lambda _: client.delete(PLAIN, models.Filter(must=[]), wait=True),
        "a point of named vectors lost": lambda chance: client.delete(NAMED, [chance.randrange(60)], wait=True),
        "a point added": lambda chance: point(chance.choice((77_777, UUID.format(900))), chance),
        "a point replaced": lambda chance: point(any_id(chance), chance),
        "a point's id": renumber,
    }


def _vectors(client: QdrantClient) -> Mutations:
    def named(vector: Any) -> Callable[[random.Random], object]:
        return lambda chance: client.update_vectors(
            NAMED, [models.PointVectors(id=chance.randrange(20, 60), vector=vector)], wait=True
        )

    def nudge(chance: random.Random) -> None:
        result = client.retrieve(NAMED, [n := chance.randrange(60)], with_vectors=True)[0]
        vector = list(result.vector["text"])  # type: ignore[index, call-overload, arg-type]
        vector[chance.randrange(4)] += 1e-4
        client.update_vectors(NAMED, [models.PointVectors(id=n, vector={"text": vector})], wait=True)

    def without(name: str) -> Callable[[random.Random], object]:
        return lambda chance: client.delete_vectors(NAMED, [name], [chance.randrange(60)], wait=True)

    return {
        "a number of a vector": nudge,
        "a plain vector": lambda chance: client.update_vectors(
            PLAIN, [models.PointVectors(id=chance.randrange(POINTS), vector=_numbers(chance, 8))], wait=True
        ),
        "a multi vector": named({"parts": [[1, 2, 3, 4], [4, 3, 2, 1]]}),
        "a part of a multi vector lost": named({"parts": [[1, 2, 3, 4]]}),
        "a sparse vector's value": named({"words": models.SparseVector(indices=[7, 9000], values=[0.5, 0.26])}),
        "a sparse vector's index": named({"words": models.SparseVector(indices=[7, 9001], values=[0.5, 0.25])}),
        "a sparse vector lost": without("words"),
        "a named vector lost": without("text"),
        "a multi vector lost": without("parts"),
    }


def _payloads(client: QdrantClient) -> Mutations:
    def put(**payload: object) -> Callable[[random.Random], object]:
        return lambda chance: client.set_payload(PLAIN, payload, points=[chance.randrange(POINTS)], wait=True)

    return {
        "a payload's number": put(n=-1),
        "a payload's number as text": put(n="7"),
        "a payload's text": put(text="other"),
        "a payload's nested value": put(deep={"list": [1, None, 1.25]}),
        "a payload's key added": put(new=[]),
        "a payload's key lost": lambda chance: client.delete_payload(
            PLAIN, ["text"], points=[chance.randrange(POINTS)], wait=True
        ),
        "a payload lost": lambda chance: client.clear_payload(PLAIN, [chance.randrange(POINTS)], wait=True),
        "a payload of a point without one": lambda chance: client.set_payload(
            PLAIN, {"n": 1}, points=[UUID.format(chance.randrange(20))], wait=True
        ),
        "a payload index lost": lambda _: client.delete_payload_index(PLAIN, "n"),
        "a payload index added": lambda _: client.create_payload_index(
            NAMED, "n", field_schema=models.PayloadSchemaType.INTEGER
        ),
        "a payload index of another type": lambda _: (
            client.delete_payload_index(PLAIN, "text"),
            client.create_payload_index(PLAIN, "text", field_schema=models.PayloadSchemaType.TEXT),
        ),
    }


def _collections(client: QdrantClient) -> Mutations:
    small = models.VectorParams(size=2, distance=models.Distance.DOT)
    return {
        "everything lost": lambda _: [client.delete_collection(name) for name in (PLAIN, NAMED)],
        "a collection lost": lambda _: client.delete_collection(NAMED),
        "a collection emptied": lambda _: (client.delete_collection(NAMED), _again(client)),
        "a collection added": lambda _: client.create_collection("new", vectors_config=small),
        "an alias lost": lambda _: _drop_alias(client, "current"),
        "an alias added": lambda _: _alias(client, "new", NAMED),
        "an alias of another collection": lambda _: (_drop_alias(client, "current"), _alias(client, "current", NAMED)),
        "the optimizer's settings": lambda _: client.update_collection(
            PLAIN, optimizers_config=models.OptimizersConfigDiff(indexing_threshold=77_000)
        ),
        "the graph's settings": lambda _: client.update_collection(PLAIN, hnsw_config=models.HnswConfigDiff(m=24)),
        "strict mode": lambda _: client.update_collection(
            PLAIN, strict_mode_config=models.StrictModeConfig(enabled=True, max_query_limit=10_000)
        ),
    }


def _again(client: QdrantClient) -> None:
    client.create_collection(
        NAMED, vectors_config={"text": models.VectorParams(size=4, distance=models.Distance.EUCLID)}
    )
