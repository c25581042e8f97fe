"""Passes over a tree that somebody writes to."""

import os
import random
import threading
from pathlib import Path

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files.copy import copy_tree
from tests.stores.files.trees import MIB, looks, same


def test_a_file_that_grows_is_a_problem_in_the_final_pass_only(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with (tmp_path / "a" / "log").open("wb") as file:
        file.write(os.urandom(64 * MIB))
    stop = threading.Event()

    def grow() -> None:
        with (tmp_path / "a" / "log").open("ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"more")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        assert copy_tree(tmp_path / "a", tmp_path / "b", live=True).unsettled == ("log",)
        with pytest.raises(Problem, match="changed while it was being read"):
            copy_tree(tmp_path / "a", tmp_path / "b")
    finally:
        stop.set()
        writer.join()
    copy_tree(tmp_path / "a", tmp_path / "b")
    assert same(tmp_path / "a", tmp_path / "b")


def test_files_may_come_and_go_during_a_live_pass(source: Path, tmp_path: Path) -> None:
    stop = threading.Event()

    def churn() -> None:
        dice = random.Random(3)
        for n in range(100_000):
            if stop.wait(0.0003):
                return
            folder = source / f"d{dice.randrange(5)}"
            file = folder / f"f{dice.randrange(40)}"
            try:
                if dice.random() < 0.5:
                    folder.mkdir(exist_ok=True)
                    file.write_bytes(dice.randbytes(dice.randrange(100_000)))
                elif dice.random() < 0.9:
                    file.unlink()
                else:
                    folder.rename(source / f"gone{n}")
            except OSError:
                continue

    writer = threading.Thread(target=churn)
    writer.start()
    try:
        for _ in range(8):
            copy_tree(source, tmp_path / "target", live=True)
    finally:
        stop.set()
        writer.join()
    copy_tree(source, tmp_path / "target")
    assert same(source, tmp_path / "target") and looks(source) == looks(tmp_path / "target")


def test_what_was_written_in_the_last_seconds_is_not_settled_in_a_live_pass(source: Path, tmp_path: Path) -> None:
    report = copy_tree(source, tmp_path / "target", live=True)
    assert len(report.unsettled) == 7  # all files but the second name of one
    assert copy_tree(source, tmp_path / "target").changed == 8  # and the link to that name again
    assert copy_tree(source, tmp_path / "target").changed == 0


def test_the_last_pass_refuses_another_directory_under_the_same_path(source: Path, tmp_path: Path) -> None:
    """As when Docker unmounts a volume with the container that used it: an empty folder appears under the mount."""
    copy_tree(source, tmp_path / "copy", live=True)
    source.rename(tmp_path / "unmounted")
    source.mkdir()
    with pytest.raises(Problem, match="it is not the directory that was there while the containers ran"):
        copy_tree(source, tmp_path / "copy")
    assert same(tmp_path / "unmounted", tmp_path / "copy"), "the warm copy was touched"
    source.rmdir()
    (tmp_path / "unmounted").rename(source)
    copy_tree(source, tmp_path / "copy")
    assert same(source, tmp_path / "copy")


def test_a_live_pass_takes_a_directory_that_was_replaced(source: Path, tmp_path: Path) -> None:
    copy_tree(source, tmp_path / "copy", live=True)
    source.rename(tmp_path / "old")
    source.mkdir()
    (source / "new").write_text("new")
    copy_tree(source, tmp_path / "copy", live=True)
    copy_tree(source, tmp_path / "copy")
    assert same(source, tmp_path / "copy")
