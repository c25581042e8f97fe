"""Collections, aliases and payload indexes."""

from __future__ import annotations

import socket

import httpx
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.qdrant_standin.server import Server

COSINE = models.VectorParams(size=4, distance=models.Distance.COSINE)
KIND = models.Filter(must=[models.FieldCondition(key="kind", match=models.MatchValue(value="a"))])


def refused(status: int) -> pytest.RaisesExc[UnexpectedResponse]:
    """The request is answered with this status."""
    return pytest.RaisesExc(UnexpectedResponse, check=lambda error: error.status_code == status)


def test_a_new_collection_is_listed_and_described(client: QdrantClient) -> None:
    assert client.create_collection("machines", vectors_config=COSINE)
    assert [c.name for c in client.get_collections().collections] == ["machines"]
    info = client.get_collection("machines")
    assert info.status == models.CollectionStatus.GREEN
    assert info.points_count == 0
    assert info.config.params.vectors == COSINE
    assert client.collection_exists("machines")
    assert not client.collection_exists("others")


def test_creating_it_again_is_a_conflict(client: QdrantClient) -> None:
    client.create_collection("machines", vectors_config=COSINE)
    with refused(409):
        client.create_collection("machines", vectors_config=COSINE)


def test_an_unknown_collection_is_not_found(client: QdrantClient) -> None:
    with refused(404):
        client.get_collection("nothing")
    with refused(404):
        client.query_points("nothing", query=[1, 0, 0, 0])


def test_deleting_says_whether_there_was_one_and_takes_its_aliases(client: QdrantClient) -> None:
    client.create_collection("machines", vectors_config=COSINE)
    client.update_collection_aliases([alias("machines", "current")])
    assert client.delete_collection("machines")
    assert not client.delete_collection("machines")
    assert client.get_aliases().aliases == []


def test_settings_are_kept_and_can_be_changed(client: QdrantClient) -> None:
    client.create_collection(
        "machines",
        vectors_config={
            "text": COSINE,
            "image": models.VectorParams(size=2, distance=models.Distance.DOT, on_disk=True),
        },
        sparse_vectors_config={"words": models.SparseVectorParams(modifier=models.Modifier.IDF)},
        hnsw_config=models.HnswConfigDiff(m=8),
        on_disk_payload=False,
        metadata={"made by": "a test"},
    )
    client.update_collection(
        "machines", optimizers_config=models.OptimizersConfigDiff(indexing_threshold=5), metadata={"n": 1}
    )
    config = client.get_collection("machines").config
    assert config.hnsw_config.m == 8
    assert config.hnsw_config.ef_construct == 100
    assert config.optimizer_config.indexing_threshold == 5
    assert config.params.on_disk_payload is False
    assert isinstance(config.params.vectors, dict)
    assert config.params.vectors["image"].on_disk
    assert config.params.sparse_vectors == {"words": models.SparseVectorParams(modifier=models.Modifier.IDF)}
    assert config.metadata == {"made by": "a test", "n": 1}


@pytest.mark.parametrize("name", ["../up", "a/b", "a:b", "x" * 256])
def test_a_name_that_would_leave_the_storage_is_refused(client: QdrantClient, name: str) -> None:
    with pytest.raises(UnexpectedResponse) as refusal:
        client.create_collection(name, vectors_config=COSINE)
    assert refusal.value.status_code in (404, 422)  # the client leaves a slash as it is
    assert client.get_collections().collections == []


@pytest.mark.parametrize("name", ["..", "."])
def test_a_name_that_is_a_directory_is_refused(server: Server, name: str) -> None:
    url = f"/collections/{name.replace('.', '%2e')}"
    with socket.create_connection(("127.0.0.1", server.port)) as link:  # clients tidy such a path
        link.sendall(f"PUT {url} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}".encode())
        assert link.recv(1000).startswith(b"HTTP/1.1 422")


def test_what_it_cannot_do_is_refused_in_words(client: QdrantClient) -> None:
    with pytest.raises(UnexpectedResponse, match=r"Not supported by this stand-in.*shard keys"):
        client.create_collection("machines", vectors_config=COSINE, sharding_method=models.ShardingMethod.CUSTOM)


def test_strict_mode_refuses_what_it_forbids(client: QdrantClient) -> None:
    strict = models.StrictModeConfig(
        enabled=True, search_allow_exact=False, max_query_limit=5, unindexed_filtering_retrieve=False
    )
    client.create_collection("machines", vectors_config=COSINE, strict_mode_config=strict)
    for reason, ask in (
        ("Exact search disabled", lambda: client.count("machines")),
        ("Limit exceeded 6 > 5", lambda: client.query_points("machines", query=[1.0, 0, 0, 0], limit=6)),
        ("Index required but not found", lambda: client.scroll("machines", scroll_filter=KIND, limit=1)),
    ):
        with pytest.raises(UnexpectedResponse, match=reason) as refusal:
            ask()
        assert refusal.value.status_code == 400
    assert client.count("machines", exact=False).count == 0
    client.create_payload_index("machines", "kind", field_schema=models.PayloadSchemaType.KEYWORD)
    assert client.scroll("machines", scroll_filter=KIND, limit=1) == ([], None)


def test_a_collection_may_have_several_shards_and_answers_as_one(client: QdrantClient) -> None:
    client.create_collection("machines", vectors_config=COSINE, shard_number=3)
    client.upsert(
        "machines", [models.PointStruct(id=i, vector=[1, 0, 0, i], payload={"kind": "ab"[i % 2]}) for i in range(50)]
    )
    client.upsert("machines", [models.PointStruct(id=7, vector=[0, 1, 0, 0], payload={"kind": "c"})])
    assert client.count("machines").count == 50
    observed, offset = [], None
    while True:
        page, offset = client.scroll("machines", limit=7, offset=offset)
        observed += [point.id for point in page]
        if offset is None:
            break
    assert observed == list(range(50))
    assert [point.id for point in client.query_points("machines", query=[0, 1, 0, 0], limit=2).points][0] == 7
    assert client.count("machines", count_filter=KIND).count == 25
    client.delete("machines", models.FilterSelector(filter=KIND))
    assert client.count("machines").count == 25


def test_a_collection_may_have_no_vectors_at_all(client: QdrantClient) -> None:
    client.create_collection("notes", vectors_config={})
    client.upsert("notes", [models.PointStruct(id=1, vector={}, payload={"a": 1})])
    (point,), _ = client.scroll("notes", with_vectors=True)
    assert (point.payload, point.vector) == ({"a": 1}, {})


def test_a_named_vector_is_added_and_taken_away(server: Server, client: QdrantClient) -> None:
    client.create_collection("machines", vectors_config={"text": COSINE})
    new = f"{server.url}/collections/machines/vectors/image?wait=true"
    assert httpx.put(new, json={"dense": {"size": 2, "distance": "Dot"}}).status_code == 200
    client.upsert("machines", [models.PointStruct(id=1, vector={"image": [1, 2]})])
    assert client.retrieve("machines", [1], with_vectors=True)[0].vector == {"image": [1, 2]}
    assert httpx.delete(new).status_code == 200
    assert client.retrieve("machines", [1], with_vectors=True)[0].vector == {}


def test_a_collection_may_have_only_sparse_vectors(client: QdrantClient) -> None:
    client.create_collection(
        "machines", vectors_config={}, sparse_vectors_config={"words": models.SparseVectorParams()}
    )
    arguments = models.SparseVector(indices=[1], values=[2])
    client.upsert("machines", [models.PointStruct(id=1, vector={"words": arguments})])
    assert client.query_points("machines", query=arguments, using="words").points[0].score == 4


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "shards"), ("POST", "shards/delete"), ("POST", "cluster")],
)
def test_a_cluster_is_refused_as_a_single_node_refuses_it(
    server: Server, client: QdrantClient, method: str, path: str
) -> None:
    client.create_collection("machines", vectors_config=COSINE)
    answer = httpx.request(method, f"{server.url}/collections/machines/{path}", json={})
    assert (answer.status_code, answer.json()["status"]["error"]) == (400, "Bad request: Distributed mode disabled")


def test_requests_of_the_real_server_that_it_lacks_are_named(server: Server) -> None:
    answer = httpx.get(f"{server.url}/profiler/slow_requests")
    assert answer.status_code == 501
    assert "Not supported by this stand-in" in answer.json()["status"]["error"]


def alias(collection: str, name: str) -> models.CreateAliasOperation:
    """The words that make an alias."""
    return models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=collection, alias_name=name))


def test_an_alias_stands_for_its_collection(client: QdrantClient) -> None:
    client.create_collection("machines", vectors_config=COSINE)
    client.update_collection_aliases([alias("machines", "current")])
    client.upsert("current", [models.PointStruct(id=1, vector=[1, 0, 0, 0])])
    assert client.count("machines").count == 1
    assert client.collection_exists("current")
    assert [a.alias_name for a in client.get_collection_aliases("machines").aliases] == ["current"]


def test_aliases_are_renamed_moved_and_deleted(client: QdrantClient) -> None:
    client.create_collection("one", vectors_config=COSINE)
    client.create_collection("two", vectors_config=COSINE)
    client.update_collection_aliases([alias("one", "old")])
    rename = models.RenameAlias(old_alias_name="old", new_alias_name="new")
    client.update_collection_aliases([models.RenameAliasOperation(rename_alias=rename), alias("two", "new")])
    assert [(a.alias_name, a.collection_name) for a in client.get_aliases().aliases] == [("new", "two")]
    delete = models.DeleteAlias(alias_name="new")
    client.update_collection_aliases([models.DeleteAliasOperation(delete_alias=delete)])
    assert client.get_aliases().aliases == []


def test_alias_changes_are_made_one_by_one(client: QdrantClient) -> None:
    client.create_collection("one", vectors_config=COSINE)
    with refused(404):
        client.update_collection_aliases([alias("one", "a"), alias("nothing", "b"), alias("one", "c")])
    assert [a.alias_name for a in client.get_aliases().aliases] == ["a"]


SCHEMAS: list[models.PayloadSchemaType | models.PayloadSchemaParams] = [
    *models.PayloadSchemaType,
    models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True),
    models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER, lookup=True, range=False),
    models.TextIndexParams(
        type=models.TextIndexType.TEXT,
        tokenizer=models.TokenizerType.WORD,
        lowercase=True,
        stopwords=models.Language.ENGLISH,
        stemmer=models.SnowballParams(type=models.Snowball.SNOWBALL, language=models.SnowballLanguage.ENGLISH),
    ),
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_every_kind_of_payload_index_is_made_shown_and_deleted(
    client: QdrantClient, schema: models.PayloadSchemaType | models.PayloadSchemaParams
) -> None:
    client.create_collection("machines", vectors_config=COSINE)
    client.create_payload_index("machines", "a.b", field_schema=schema)
    shown = client.get_collection("machines").payload_schema["a.b"]
    if isinstance(schema, models.PayloadSchemaType):
        assert shown.data_type == schema
    else:
        assert shown.params == schema
    client.delete_payload_index("machines", "a.b")
    assert client.get_collection("machines").payload_schema == {}
