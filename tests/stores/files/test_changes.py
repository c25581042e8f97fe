"""Which files differ is seen from their attributes."""

from __future__ import annotations

import os
from pathlib import Path

from omnimind_ops.stores.files.changes import changes
from omnimind_ops.stores.files.copy import copy_tree


def test_files_that_came_changed_or_vanished_are_named(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "folder/deep").mkdir(parents=True)
    for name in ("same", "other", "gone", "folder/deep/gone"):
        (old / name).write_text("text")
    (old / "link").symlink_to("same")
    copy_tree(old, new)
    same = changes(old, new)
    assert not (same.came or same.changed or same.vanished)
    (new / "other").write_text("more text")
    (new / "gone").unlink()
    (new / "folder/deep/gone").unlink()
    (new / "folder/deep").rmdir()
    (new / "link").unlink()
    (new / "link").symlink_to("other")
    (new / "in/here").mkdir(parents=True)
    (new / "in/here/came").write_text("")
    for kept in (".omnimind-parked", "cache"):
        (new / kept).mkdir()
        (new / kept / "file").write_text("")
    result = changes(old, new, without=("cache",))
    assert result.came == ("in", "in/here", "in/here/came")
    assert set(result.changed) == {"other", "link"}
    assert set(result.vanished) == {"folder/deep", "folder/deep/gone", "gone"}
    assert result.vanished.index("folder/deep") < result.vanished.index("folder/deep/gone")
    assert [result.count(paths) for paths in (result.came, result.changed, result.vanished)] == [1, 2, 2]
    os.utime(new / "same", (1, 1))
    assert "same" in changes(old, new).changed
