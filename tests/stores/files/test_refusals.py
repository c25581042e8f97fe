"""What a copy refuses, and what it leaves as it was."""

import os
from pathlib import Path

import pytest
import xxhash

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files import copy_file
from omnimind_ops.stores.files.copy import copy_tree
from tests.stores.files.trees import MIB, same


def test_a_directory_that_is_not_ours_is_refused(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "precious").write_text("mine")
    with pytest.raises(Problem, match="not empty"):
        copy_tree(source, target)
    assert (target / "precious").read_text() == "mine"


def test_a_directory_put_in_the_place_of_ours_is_refused(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    copy_tree(source, target)
    target.rename(tmp_path / "elsewhere")
    target.mkdir()
    (target / "precious").write_text("mine")
    with pytest.raises(Problem, match="not empty"):
        copy_tree(source, target)
    assert os.listdir(target) == ["precious"]


def test_another_source_is_refused(source: Path, tmp_path: Path) -> None:
    copy_tree(source, tmp_path / "target")
    (tmp_path / "other").mkdir()
    with pytest.raises(Problem, match="is a copy of"):
        copy_tree(tmp_path / "other", tmp_path / "target")
    assert same(source, tmp_path / "target")


@pytest.mark.parametrize("target", ["source/inside", ".", "source"])
def test_source_and_target_must_lie_apart(source: Path, tmp_path: Path, target: str) -> None:
    with pytest.raises(Problem, match="inside the other"):
        copy_tree(source, tmp_path / target)


def test_a_missing_source_is_a_problem_and_no_target_is_made(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot"):
        copy_tree(tmp_path / "absent", tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_bytes_that_come_back_different_are_a_problem_with_both_digests(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = copy_file.copy_data

    def spoilt(read: int, out: int, *rest: object) -> tuple[str, int]:
        done = honest(read, out, *rest)  # type: ignore[arg-type]
        if os.fstat(out).st_size > 10 * MIB:
            os.pwrite(out, b"\x01", 7 * MIB)
        return done

    monkeypatch.setattr(copy_file, "copy_data", spoilt)
    with pytest.raises(Problem, match="segment") as caught:
        copy_tree(source, tmp_path / "target")
    assert xxhash.xxh3_128((source / "deep/er/segment.mmap").read_bytes()).hexdigest() in str(caught.value)
    assert not (tmp_path / "target/deep/er/segment.mmap").exists()
    monkeypatch.undo()
    copy_tree(source, tmp_path / "target")
    assert same(source, tmp_path / "target")
