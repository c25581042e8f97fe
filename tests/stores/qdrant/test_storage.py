"""Storage directories seen from outside, and which version may read which."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from qdrant_client import models

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.copy import copy_tree
from omnimind_ops.stores.qdrant.storage import locked_parts, refuse_rocksdb, storage_facts
from omnimind_ops.stores.qdrant.versions import version_problem
from tests.qdrant import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A stand-in with two collections and an alias."""
    item = Server(tmp_path_factory.mktemp("qdrant")).start()
    client = item.client()
    for name in ("machines", "odd name"):
        client.create_collection(name, vectors_config=models.VectorParams(size=4, distance=models.Distance.COSINE))
        client.upsert(
            name, [models.PointStruct(id=i, vector=[i, 1, 2, 3], payload={"i": i}) for i in range(100)], wait=True
        )
    alias = models.CreateAlias(collection_name="machines", alias_name="current")
    client.update_collection_aliases([models.CreateAliasOperation(create_alias=alias)])
    client.close()
    yield item
    item.kill()


@pytest.fixture
def storage(server: Server, tmp_path: Path) -> Path:
    """A copy of its storage to spoil."""
    copy_tree(server.storage, tmp_path / "storage", live=True)
    return tmp_path / "storage"


def test_what_is_in_a_storage_directory(server: Server) -> None:
    facts = storage_facts(server.storage)
    assert facts.collections == {"machines": 1, "odd name": 1}
    assert facts.aliases == {"current": "machines"}
    assert (facts.rocksdb, facts.unfinished, facts.broken) == (False, (), ())
    assert 0 < facts.stored < facts.apparent
    refuse_rocksdb(facts)


def test_a_running_server_is_seen_and_its_lock_is_not_taken_away(tmp_path: Path) -> None:
    item = Server(tmp_path / "q").start()
    try:
        item.client().create_collection(
            "c", vectors_config=models.VectorParams(size=4, distance=models.Distance.COSINE)
        )
        assert "collections/c/0/wal" in locked_parts(item.storage)
        assert "collections/c/0/wal" in locked_parts(item.storage)
        item.stop()
        assert locked_parts(item.storage) == ()
        item.start()
    finally:
        item.kill()


@pytest.mark.parametrize(
    ("change", "evidence"),
    [
        ({"payload_storage_type": {"type": "on_disk"}}, "payload_storage_type on_disk"),
        ({"payload_storage_type": {"type": "in_memory"}}, "payload_storage_type in_memory"),
        ({"vector_data": {"": {"storage_type": "Memory"}}}, "storage_type Memory"),
        ({"sparse_vector_data": {"s": {"storage_type": "on_disk"}}}, "storage_type on_disk"),
        ({}, "CURRENT"),
    ],
)
def test_storage_of_the_rocksdb_era_is_refused_with_the_way_out(
    storage: Path, change: dict[str, object], evidence: str
) -> None:
    segment = next(iter(storage.glob("collections/odd name/0/segments/*/segment.json")))
    data = json.loads(segment.read_text())
    data["config"] |= change
    segment.write_text(json.dumps(data))
    if not change:
        (segment.parent / "CURRENT").write_text("MANIFEST-000004\n")
    facts = storage_facts(storage)
    assert facts.rocksdb and evidence in facts.evidence
    with pytest.raises(Problem, match="RocksDB") as caught:
        refuse_rocksdb(facts)
    assert "v1.16.3" in caught.value.fix


def test_unfinished_and_broken_parts_are_named(storage: Path) -> None:
    (storage / "collections" / "machines" / "shard_0.initializing").touch()
    (storage / "collections" / "odd name" / "config.json").write_text("{")
    facts = storage_facts(storage)
    assert facts.unfinished == ("collections/machines/shard_0.initializing",)
    assert facts.broken == ("odd name",)


def test_a_directory_of_something_else_is_a_problem(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(Problem, match="Qdrant's storage"):
            storage_facts(path)


@pytest.mark.parametrize(
    ("source", "target", "why"),
    [
        ("1.16.3", "1.16.3", None),
        ("1.16.3", "v1.16.9", None),
        ("1.16.3", "1.17.0", None),
        ("1.16.3", "1.18.0", "skip"),
        ("1.15.5", "2.0.0", "skip"),
        ("1.16.3", "1.16.2", "older"),
        ("1.16.3", "1.15.9", "older"),
        ("1.9.0", "1.10.0", None),
        ("1.16.3-dev", "1.16.3", None),
        ("", "1.16.3", "unknown"),
        ("latest", "1.16.3", "unknown"),
    ],
)
def test_which_version_may_read_which(source: str, target: str, why: str | None) -> None:
    problem = version_problem(source, target)
    assert (problem is None) if why is None else (problem is not None and why in problem.why)
