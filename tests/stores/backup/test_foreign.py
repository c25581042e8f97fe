"""What is no backup of Qdrant, or not one that can be used, and what is said about it."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.backup import recognise
from tests.stores.backup.backups import NAME, Made, bare


def test_a_snapshot_whose_name_says_nothing_needs_the_collections_name(made: Made, tmp_path: Path) -> None:
    file = bare(made.collection, tmp_path / "x", "backup.snapshot")
    with pytest.raises(Problem, match="which collection"):
        recognise(file)
    assert recognise(file, NAME).collections == (NAME,)
    with pytest.raises(Problem, match="no name of a collection"):
        recognise(file, "../../etc")


def test_a_shard_snapshot_is_refused_with_what_to_make_instead(made: Made, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "shard.snapshot", "w") as tar:
        tar.add(made.storage / "collections" / NAME / "0", ".")
    with pytest.raises(Problem, match="snapshot of a shard"):
        recognise(tmp_path / "shard.snapshot")


@pytest.mark.parametrize("content", [b"", b"REDIS0011\xff", b"PK\x03\x04zip", os.urandom(5000), b"\x1f\x8bnot gzip", b"\x28\xb5\x2f\xfdnot zstd", bytes(10240)])
def test_foreign_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Problem, match="cannot use"):
        recognise(tmp_path / "file")


def test_a_tar_of_something_else_says_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"x")
    subprocess.run(["tar", "-cf", tmp_path / "a.tar", "-C", tmp_path, "photos"], check=True)
    with pytest.raises(Problem, match="photos"):
        recognise(tmp_path / "a.tar")


def test_paths_that_are_not_there_or_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="No such file"):
        recognise(tmp_path / "absent")
    with pytest.raises(Problem, match="no Qdrant storage"):
        recognise(tmp_path)
