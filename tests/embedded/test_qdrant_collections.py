"""Collections, aliases and payload indexes."""

from __future__ import annotations

import httpx
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.embedded.server import Server

COSINE = models.VectorParams(size=4, distance=models.Distance.COSINE)


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
        vectors_config={"text": COSINE, "image": models.VectorParams(size=2, distance=models.Distance.DOT, on_disk=True)},
        sparse_vectors_config={"words": models.SparseVectorParams(modifier=models.Modifier.IDF)},
        hnsw_config=models.HnswConfigDiff(m=8),
        on_disk_payload=False,
        metadata={"made by": "a test"},
    )
    client.update_collection("machines", optimizers_config=models.OptimizersConfigDiff(indexing_threshold=5), metadata={"n": 1})
    config = client.get_collection("machines").config
    assert config.hnsw_config.m == 8
    assert config.hnsw_config.ef_construct == 100
    assert config.optimizer_config.indexing_threshold == 5
    assert config.params.on_disk_payload is False
    assert isinstance(config.params.vectors, dict)
    assert config.params.vectors["image"].on_disk
    assert config.params.sparse_vectors == {"words": models.SparseVectorParams(modifier=models.Modifier.IDF)}
    assert config.metadata == {"made by": "a test", "n": 1}


@pytest.mark.parametrize("name", ["../up", "a/b", ".hidden", "a:b"])
def test_a_name_that_would_leave_the_storage_is_refused(client: QdrantClient, name: str) -> None:
    with pytest.raises(UnexpectedResponse) as refusal:
        client.create_collection(name, vectors_config=COSINE)
    assert refusal.value.status_code in (400, 404)
    assert client.get_collections().collections == []


def test_what_it_cannot_do_is_refused_in_words(client: QdrantClient) -> None:
    with pytest.raises(UnexpectedResponse, match=r"Not supported by this stand-in.*shard"):
        client.create_collection("machines", vectors_config=COSINE, shard_number=2)
    with pytest.raises(UnexpectedResponse, match=r"Not supported by this stand-in.*strict mode"):
        client.create_collection("machines", vectors_config=COSINE, strict_mode_config=models.StrictModeConfig(enabled=True))


def test_a_collection_may_have_only_sparse_vectors(client: QdrantClient) -> None:
    client.create_collection("machines", vectors_config={}, sparse_vectors_config={"words": models.SparseVectorParams()})
    words = models.SparseVector(indices=[1], values=[2])
    client.upsert("machines", [models.PointStruct(id=1, vector={"words": words})])
    assert client.query_points("machines", query=words, using="words").points[0].score == 4


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "vectors/new"), ("PUT", "shards"), ("POST", "cluster"), ("GET", "optimizations"), ("GET", "shards/0/snapshot")],
)
def test_requests_of_the_real_server_that_it_lacks_are_named(server: Server, client: QdrantClient, method: str, path: str) -> None:
    client.create_collection("machines", vectors_config=COSINE)
    answer = httpx.request(method, f"{server.url}/collections/machines/{path}")
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


def test_alias_changes_are_all_or_nothing(client: QdrantClient) -> None:
    client.create_collection("one", vectors_config=COSINE)
    with refused(404):
        client.update_collection_aliases([alias("one", "a"), alias("nothing", "b")])
    assert client.get_aliases().aliases == []


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
def test_every_kind_of_payload_index_is_made_shown_and_deleted(client: QdrantClient, schema: models.PayloadSchemaType | models.PayloadSchemaParams) -> None:
    client.create_collection("machines", vectors_config=COSINE)
    client.create_payload_index("machines", "a.b", field_schema=schema)
    shown = client.get_collection("machines").payload_schema["a.b"]
    if isinstance(schema, models.PayloadSchemaType):
        assert shown.data_type == schema
    else:
        assert shown.params == schema
    client.delete_payload_index("machines", "a.b")
    assert client.get_collection("machines").payload_schema == {}
