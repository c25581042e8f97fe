"""What a copy carries over and what it leaves out. Real files, real holes."""

import fcntl
import os
import socket
from pathlib import Path

import pytest

from omnimind_ops.model.event import Event, Progress, Warning
from omnimind_ops.stores.files.copy import copy_tree
from omnimind_ops.stores.files.fingerprint import tree_fingerprint
from tests.stores.files.trees import MIB, looks, same


def test_a_copy_has_every_name_byte_mode_owner_and_time(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    report = copy_tree(source, target)
    assert same(source, target)
    assert looks(source) == looks(target)
    assert os.readlink(target / "dangling") == "/nowhere/at all"
    assert os.path.samefile(target / "second name", target / "deep" / "plain.txt")
    assert (report.files, report.changed, report.removed) == (11, 11, 0)
    assert report.apparent_bytes == 32 * MIB + 5 * MIB + 3 + 2 * MIB + 12 + 1
    assert report.digest == tree_fingerprint(source).digests["tree"] == tree_fingerprint(target).digests["tree"]


def test_holes_stay_holes_and_zeros_become_holes(source: Path, tmp_path: Path) -> None:
    report = copy_tree(source, tmp_path / "target")
    for name, most in (("deep/er/segment.mmap", 4 * MIB), ("all holes", 0), ("zeros written out", 0)):
        assert os.stat(tmp_path / "target" / name).st_blocks * 512 <= most
    assert report.data_bytes < 4 * MIB


def test_extended_attributes_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_text("x")
    try:
        os.setxattr(tmp_path / "a" / "file", "user.note", b"kept")
        os.setxattr(tmp_path / "a", "user.note", b"too")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    copy_tree(tmp_path / "a", tmp_path / "b")
    assert os.getxattr(tmp_path / "b" / "file", "user.note") == b"kept"
    assert os.getxattr(tmp_path / "b", "user.note") == b"too"


def test_the_source_is_not_touched(source: Path, tmp_path: Path) -> None:
    everything = (source, *source.rglob("*"))
    for path in everything:
        os.utime(
            path, ns=(1, os.lstat(path).st_mtime_ns), follow_symlinks=False
        )  # old access times would be renewed by any read
    facts = {path: os.lstat(path) for path in everything}
    copy_tree(source, tmp_path / "target")
    after = {path: os.lstat(path) for path in facts}
    assert {p: f.st_ctime_ns for p, f in facts.items()} == {p: f.st_ctime_ns for p, f in after.items()}
    assert all(after[p].st_atime_ns == 1 for p in facts if not p.is_symlink())


def test_devices_sockets_and_pipes_are_left_out_with_a_warning(source: Path, tmp_path: Path) -> None:
    os.mkfifo(source / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(source / "socket"))
        events: list[Event] = []
        report = copy_tree(source, tmp_path / "target", tell=events.append, step="copy")
    assert report.skipped == ("pipe: a pipe", "socket: a socket")
    assert [e.step for e in events if isinstance(e, Warning)] == ["copy", "copy"]
    assert not (tmp_path / "target" / "pipe").exists()


def test_progress_ends_at_the_total(source: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    copy_tree(source, tmp_path / "target", tell=events.append, step="copy")
    last = [event for event in events if isinstance(event, Progress)][-1]
    assert last.done == last.total == 39 * MIB + 3 + 6 + 1


def test_a_locked_file_is_copied_all_the_same(source: Path, tmp_path: Path) -> None:
    with (source / "deep" / "plain.txt").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        copy_tree(source, tmp_path / "target")
    assert same(source, tmp_path / "target")


def test_no_file_stays_open(source: Path, tmp_path: Path) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    for live in (True, False):
        copy_tree(source, tmp_path / "target", live=live)
    assert sorted(os.listdir("/proc/self/fd")) == before
