"""What a copy may lose besides names and bytes, and what services add to it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from omnimind_ops.model.data import compare
from omnimind_ops.stores.files.compare import comparable_trees
from omnimind_ops.stores.files.copy import copy_tree
from tests.stores.files.trees import ROOT


def names(source: Path, target: Path) -> set[str]:
    sides = comparable_trees(source, target)
    return {difference.name for difference in compare(sides.source, sides.target)}


def test_an_untouched_copy_is_equal_also_with_another_owner(source: Path, tmp_path: Path) -> None:
    owner = (65534, 65534) if ROOT else (os.getuid(), os.getgid())
    copy_tree(source, tmp_path / "target", owner=owner)
    (tmp_path / "target").chmod(0o750)  # the top directory's mode is the target's own
    assert names(source, tmp_path / "target") == set()


def test_each_attribute_is_named(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    copy_tree(source, target)
    (target / "nothing").chmod(0o644)
    (target / "second name").unlink()
    (target / "second name").write_bytes(b"hello\n")
    segment = target / "deep" / "er" / "segment.mmap"
    segment.write_bytes(segment.read_bytes())
    (target / "second name").chmod(0o640)
    assert names(source, target) == {
        "entries with another mode",
        "files with other names (hard links)",
        "files without their holes",
    }


def test_what_services_have_created_since_they_started_is_left_out(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    copy_tree(source, target)
    started = time.time()
    time.sleep(0.05)  # the kernel's clock for files is coarse
    (target / "deep" / "uploaded").mkdir()
    (target / "deep" / "uploaded" / "file").write_text("x")
    sides = comparable_trees(source, target, started)
    assert compare(sides.source, sides.target) == () and sides.new == 2
    assert compare(*(lambda s: (s.source, s.target))(comparable_trees(source, target))) != ()
    (target / "deep" / "plain.txt").unlink()
    sides = comparable_trees(source, target, started)
    assert compare(sides.source, sides.target) != ()
