"""Passes over a copy that is there already."""

import os
from pathlib import Path

import pytest

from omnimind_ops.stores.files.copy import copy_tree
from omnimind_ops.stores.files.manifest import default_manifest
from tests.stores.files.trees import MIB, ROOT, looks, same


def test_a_second_pass_changes_nothing(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    first = copy_tree(source, target)
    inodes = {path: (os.lstat(path).st_ino, os.lstat(path).st_ctime_ns) for path in target.rglob("*")}
    second = copy_tree(source, target)
    assert (second.changed, second.removed) == (0, 0)
    assert (second.digest, second.files, second.apparent_bytes, second.data_bytes) == (
        first.digest,
        first.files,
        first.apparent_bytes,
        first.data_bytes,
    )
    assert inodes == {path: (os.lstat(path).st_ino, os.lstat(path).st_ctime_ns) for path in target.rglob("*")}


def test_only_what_changed_is_copied_again(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    copy_tree(source, target)
    with (source / "deep" / "er" / "segment.mmap").open("r+b") as file:
        file.seek(10 * MIB)
        file.write(b"!")
    (source / "nothing").unlink()
    (source / "nothing").mkdir()
    (source / "deep" / "new").write_text("new")
    (source / "link").unlink()
    os.symlink("elsewhere", source / "link")
    (source / "empty").rmdir()
    report = copy_tree(source, target)
    assert (report.changed, report.removed) == (3, 2)
    assert same(source, target) and looks(source) == looks(target)


def test_a_change_that_keeps_size_and_mtime_is_seen(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    copy_tree(source, target)
    file = source / "deep" / "plain.txt"
    facts = file.stat()
    file.write_bytes(b"HELLO\n")
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    copy_tree(source, target)
    assert (target / "deep" / "plain.txt").read_bytes() == b"HELLO\n" == (target / "second name").read_bytes()


def test_a_target_that_somebody_touched_is_mended(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    copy_tree(source, target)
    (target / "deep" / "plain.txt").write_bytes(b"spoilt")
    (target / "stranger").write_bytes(b"?")
    (target / "second name").unlink()
    assert copy_tree(source, target).removed == 1
    assert same(source, target) and looks(source) == looks(target)


@pytest.mark.skipif(not ROOT, reason="giving files away takes root")
def test_the_owner_is_the_one_asked_for_also_when_asked_later(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    copy_tree(source, target)
    assert copy_tree(source, target, owner=(4321, 8765)).changed == 0
    assert {(os.lstat(p).st_uid, os.lstat(p).st_gid) for p in (target, *target.rglob("*"))} == {(4321, 8765)}
    assert copy_tree(source, target, owner=(4321, 8765)).changed == 0
    assert same(source, target)
    assert os.stat(target / "nothing").st_mode & 0o7777 == 0o4755


def test_copies_that_may_not_be_on_the_disk_count_only_until_the_next_boot(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omnimind_ops.stores.files import manifest

    copy_tree(source, tmp_path / "target")
    where = default_manifest(tmp_path / "target")
    known = manifest.load_manifest(where)
    assert known and known.files
    manifest.save_manifest(where, known, durable=False)
    again = manifest.load_manifest(where)
    assert again and again.files == known.files
    monkeypatch.setattr(manifest, "boot_id", lambda: "another boot")
    after = manifest.load_manifest(where)
    assert after and after.files == {}
    assert copy_tree(source, tmp_path / "target").changed == 8
