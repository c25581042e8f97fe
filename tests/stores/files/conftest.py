"""The tree that most of these tests copy, and no waiting."""

import os
import random
from pathlib import Path

import pytest

from omnimind_ops.stores.files import settled
from tests.stores.files.trees import MIB


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A tree with one of everything."""
    top = tmp_path / "source"
    (top / "deep" / "er").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "deep" / "plain.txt").write_bytes(b"hello\n")
    (top / "nothing").touch()
    (top / "ünïcödé \n name").write_text("x")
    os.close(os.open(os.fsencode(top) + b"/\xff\xfe undecodable", os.O_CREAT | os.O_WRONLY))
    with (top / "deep" / "er" / "segment.mmap").open("wb") as file:
        file.write(random.Random(1).randbytes(3 * MIB + 17))
        file.seek(20 * MIB)
        file.write(b"tail")
        file.truncate(32 * MIB)
    (top / "all holes").touch()
    os.truncate(top / "all holes", 5 * MIB + 3)
    (top / "zeros written out").write_bytes(bytes(2 * MIB))
    os.symlink("deep/plain.txt", top / "link")
    os.symlink("/nowhere/at all", top / "dangling")
    os.symlink("deep", top / "to a directory")
    os.link(top / "deep" / "plain.txt", top / "second name")
    (top / "deep" / "plain.txt").chmod(0o640)
    (top / "nothing").chmod(0o4755)
    (top / "empty").chmod(0o2710)
    for path in (top / "deep" / "plain.txt", top / "deep"):
        os.utime(path, ns=(1, 1_234_567_890_123_456_789))
    os.utime(top / "link", ns=(1, 987_654_321_000_000_001), follow_symlinks=False)
    return top


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a test are seconds old."""
    monkeypatch.setattr(settled, "FINAL_MARGIN", -60.0)
