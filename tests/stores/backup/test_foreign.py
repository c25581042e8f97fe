"""What is no backup of Qdrant, or not one that can be used, and what is said about it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import detect
from tests.stores.backup.backups import NAME, Made, bare
from tests.stores.backup.real import NARRATIVES, backup_of, config_of, file_of


def test_a_snapshot_whose_name_says_nothing_needs_the_collections_name(made: Made, tmp_path: Path) -> None:
    file = bare(made.collection, tmp_path / "x", "backup.snapshot")
    with pytest.raises(Problem, match="which collection"):
        detect(file)
    assert detect(file, NAME).collections == (NAME,)
    with pytest.raises(Problem, match="not a valid collection name"):
        detect(file, "../../etc")


@pytest.mark.parametrize("kind", ["collection", "folder archive", "shard"])
def test_a_backup_of_one_collection_needs_its_name(kind: str, tmp_path: Path) -> None:
    file = bare(backup_of("made-1.18.3", kind, tmp_path), tmp_path / "x", "b.tar")
    if kind == "folder archive":
        assert detect(file).collections == (NAME,)  # the folder in it is called so
    else:
        with pytest.raises(Problem, match="which collection") as caught:
            detect(file)
        assert "--qdrant-collection NAME" in caught.value.fix
    assert detect(file, "other", lambda _: config_of("made-1.18.3")).collections == ("other",)


@pytest.mark.parametrize("kind", ["full", "archive", "storage"])
def test_a_backup_that_names_its_collections_takes_no_other_name(kind: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="contains the names of its collections"):
        detect(backup_of("made-1.18.3", kind, tmp_path), NAME)


def test_a_shard_snapshot_needs_the_configuration_of_its_collection(tmp_path: Path) -> None:
    file, config = file_of("made-1.18.3", "shard"), config_of("made-1.18.3")
    with pytest.raises(Problem, match=r"contains no config\.json") as caught:
        detect(file, NAME)
    assert "--qdrant-collection-config" in caught.value.fix
    other = {**config, "params": {**config["params"], "vectors": {"size": 384, "distance": "Cosine"}}}
    with pytest.raises(Problem, match=r"contains vectors \(unnamed\) \(64 Cosine\).* has \(unnamed\) \(384 Cosine\)"):
        detect(file, NAME, lambda _: other)
    two = {**config, "params": {**config["params"], "shard_number": 2}}
    with pytest.raises(Problem, match="has 2 shards"):
        detect(file, NAME, lambda _: two)


def test_a_shard_of_another_node_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    storage = backup_of("made-1.18.3", "storage", tmp_path)
    state = storage / "collections" / NAME / "0" / "replica_state.json"
    state.write_text(state.read_text().replace('"is_local":true', '"is_local":false'))
    with pytest.raises(Problem, match="on another node"):
        detect(storage)


def test_a_storage_that_lacks_a_shard_is_refused(tmp_path: Path) -> None:
    storage = backup_of("made-1.18.3", "storage", tmp_path)
    shutil.rmtree(storage / "collections" / NARRATIVES / "1")
    with pytest.raises(Problem, match=f"collections/{NARRATIVES}/1/replica_state.json is missing"):
        detect(storage)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"REDIS0011\xff",
        b"PK\x03\x04zip",
        os.urandom(5000),
        b"\x1f\x8bnot gzip",
        b"\x28\xb5\x2f\xfdnot zstd",
        bytes(10240),
    ],
)
def test_foreign_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Problem, match="cannot use"):
        detect(tmp_path / "file")


def test_a_tar_of_something_else_says_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"x")
    subprocess.run(["tar", "-cf", tmp_path / "a.tar", "-C", tmp_path, "photos"], check=True)
    with pytest.raises(Problem, match="photos"):
        detect(tmp_path / "a.tar")


def test_paths_that_are_not_there_or_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="No such file"):
        detect(tmp_path / "absent")
    with pytest.raises(Problem, match="no Qdrant storage"):
        detect(tmp_path)


@pytest.mark.parametrize(("name", "kind"), [("zip", "a zip archive"), ("lz4", "lz4 data"), ("7z", "a 7z archive")])
def test_other_archives_are_named_as_what_they_are(name: str, kind: str, tmp_path: Path) -> None:
    magic = {"lz4": b"\x04\x22\x4d\x18", "7z": b"7z\xbc\xaf\x27\x1c"}
    if name == "zip":
        shutil.make_archive(str(tmp_path / "a"), "zip", backup_of("made-1.18.3", "folder", tmp_path))
    else:
        (tmp_path / f"a.{name}").write_bytes(magic[name] + bytes(600))
    with pytest.raises(Problem, match=f"it is {kind}") as caught:
        detect(tmp_path / f"a.{name}")
    assert caught.value.fix.startswith("unpack it")


def test_collections_alone_are_refused_because_they_lack_the_aliases(tmp_path: Path) -> None:
    storage = backup_of("made-1.18.3", "storage", tmp_path)
    with pytest.raises(Problem, match="aliases") as caught:
        detect(storage / "collections")
    assert caught.value.fix == f"pass {storage}"
    shutil.copytree(storage / "collections", tmp_path / "copy")
    with pytest.raises(Problem, match="aliases") as caught:
        detect(tmp_path / "copy")
    assert "aliases/data.json" in caught.value.fix
