"""Files that are written through memory maps, whose times may not move. Real maps."""

import mmap
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from omnimind_ops.stores.files import copy as copying
from omnimind_ops.stores.files import flush, settled
from omnimind_ops.stores.files.copy import copy_tree
from tests.stores.files.trees import MIB, same

WRITER = """
import mmap, os, sys
handle = os.open(sys.argv[1], os.O_RDWR)
page = mmap.mmap(handle, 4 * 4096)
page[0:5] = b"first"            # the page is dirty and writable from here on
print("dirty", flush=True)
for line in sys.stdin:          # every later write goes to the same page, without msync
    page[0:5] = line.strip().encode()
    print("written", flush=True)
os._exit(0)
"""


@pytest.fixture
def mapped(tmp_path: Path) -> tuple[Path, "subprocess.Popen[str]"]:
    """A file that another process has mapped, with a dirty page."""
    if settled.filesystem_type(tmp_path) not in settled._RELIABLE_TIMES:
        pytest.skip(f"{settled.filesystem_type(tmp_path)} does not move times for writes through a map")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mapped").write_bytes(bytes(4 * 4096))
    writer = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path / "a" / "mapped"], stdin=-1, stdout=-1, text=True)
    assert writer.stdout and writer.stdout.readline() == "dirty\n"
    yield tmp_path, writer
    writer.communicate()


def write(writer: "subprocess.Popen[str]", word: str) -> None:
    assert writer.stdin and writer.stdout
    writer.stdin.write(f"{word}\n")
    writer.stdin.flush()
    assert writer.stdout.readline() == "written\n"


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the target lay on another disk: writing it out at the end of a pass then does nothing to the source's
    pages.
    """
    monkeypatch.setattr(copying, "sync_filesystem", lambda path: None)
    monkeypatch.setattr(flush.Flusher, "add", lambda self, handle: None)


@pytest.mark.usefixtures("elsewhere")
def test_a_write_through_a_map_after_the_warm_read_is_caught_by_the_final_pass(
    mapped: tuple[Path, "subprocess.Popen[str]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page was dirty before the warm pass, so only syncfs makes the later write move the times: with no margin to
    help.
    """
    top, writer = mapped
    monkeypatch.setattr(settled, "LIVE_MARGIN", 0.5)
    time.sleep(0.7)
    report = copy_tree(top / "a", top / "b", live=True)
    assert report.unsettled == ()
    assert (top / "b" / "mapped").read_bytes()[:5] == b"first"
    write(writer, "later")
    writer.communicate()
    assert copy_tree(top / "a", top / "b").changed == 1
    assert (top / "b" / "mapped").read_bytes()[:5] == b"later"


@pytest.mark.usefixtures("elsewhere")
def test_without_syncfs_that_write_would_be_lost(
    mapped: tuple[Path, "subprocess.Popen[str]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trap is real: this is what the test above protects from."""
    top, writer = mapped
    monkeypatch.setattr(settled, "LIVE_MARGIN", 0.5)
    monkeypatch.setattr(settled, "sync_filesystem", lambda path: None)
    time.sleep(0.7)
    before = os.stat(top / "a" / "mapped").st_ctime_ns
    copy_tree(top / "a", top / "b", live=True)
    write(writer, "later")
    writer.communicate()
    if os.stat(top / "a" / "mapped").st_ctime_ns != before:
        pytest.skip("the kernel wrote the page out by itself meanwhile")
    assert copy_tree(top / "a", top / "b").changed == 0
    assert not same(top / "a", top / "b")


@pytest.mark.usefixtures("elsewhere")
def test_many_map_writers_during_warm_passes_never_leave_a_stale_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if settled.filesystem_type(tmp_path) not in settled._RELIABLE_TIMES:
        pytest.skip(f"{settled.filesystem_type(tmp_path)} does not move times for writes through a map")
    monkeypatch.setattr(settled, "LIVE_MARGIN", 0.05)
    (tmp_path / "a").mkdir()
    maps = []
    for n in range(40):
        with (tmp_path / "a" / str(n)).open("w+b") as file:
            file.truncate(MIB)
            maps.append(mmap.mmap(file.fileno(), MIB))
    stop = threading.Event()

    def scribble(seed: int) -> None:
        dice = random.Random(seed)
        while not stop.wait(dice.random() * 0.02):
            dice.choice(maps)[dice.randrange(MIB)] = dice.randrange(256)

    writers = [threading.Thread(target=scribble, args=(n,)) for n in range(2)]
    for writer in writers:
        writer.start()
    skipped = 0
    try:
        for _ in range(12):
            skipped += 40 - copy_tree(tmp_path / "a", tmp_path / "b", live=True).changed
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    copy_tree(tmp_path / "a", tmp_path / "b")
    assert same(tmp_path / "a", tmp_path / "b")
    assert skipped > 0  # else nothing was proven


def test_nothing_is_settled_where_maps_do_not_move_times(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settled, "LIVE_MARGIN", -60.0)
    monkeypatch.setattr(settled, "filesystem_type", lambda path: "tmpfs")
    assert len(copy_tree(source, tmp_path / "target", live=True).unsettled) == 7


def test_the_file_system_of_a_path_is_told() -> None:
    assert settled.filesystem_type(Path("/proc/self")) == "proc"
    assert settled.filesystem_type(Path("/sys/kernel")) == "sysfs"
