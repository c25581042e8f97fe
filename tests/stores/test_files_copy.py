"""The verified copy: what it carries over, what it skips, what it refuses. Real files, real holes, real memory maps."""

import fcntl
import mmap
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import xxhash

from omnimind_ops.model.data import compare
from omnimind_ops.model.event import Event, EventKind
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores import copying, flushing, onefile, settled
from omnimind_ops.stores.files import check_space, copy_tree, default_manifest, discard, park, space_needed, tree_fingerprint

MIB = 1 << 20
ROOT = os.geteuid() == 0


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
def no_waiting(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Files of a test are seconds old; only the tests about settling keep the real margin."""
    if "margin" not in request.keywords:
        monkeypatch.setattr(settled, "FINAL_MARGIN", -60.0)


def looks(top: Path) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for folder, names, files in os.walk(top):
        for name in (*names, *files, ""):
            path = os.path.join(folder, name)
            facts = os.lstat(path)
            size = 0 if os.path.isdir(path) else facts.st_size
            found[os.path.relpath(path, top)] = (facts.st_mode, facts.st_uid, facts.st_gid, size, facts.st_mtime_ns)
    return found


def same(one: Path, two: Path) -> bool:
    return not compare(tree_fingerprint(one), tree_fingerprint(two))


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


def test_the_digest_is_the_files_plain_xxh128_whatever_its_holes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    whole = tmp_path / "a" / "file"
    whole.write_bytes(b"\0" * MIB + b"x" + b"\0" * (3 * MIB))
    copy_tree(tmp_path / "a", tmp_path / "b")
    assert os.stat(tmp_path / "b" / "file").st_blocks < os.stat(whole).st_blocks
    assert xxhash.xxh3_128(whole.read_bytes()).hexdigest() in default_manifest(tmp_path / "b").read_text()


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
        os.utime(path, ns=(1, os.lstat(path).st_mtime_ns), follow_symlinks=False)  # old access times would be renewed by any read
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
    assert [e.step for e in events if e.kind is EventKind.WARNING] == ["copy", "copy"]
    assert not (tmp_path / "target" / "pipe").exists()


def test_progress_ends_at_the_total(source: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    copy_tree(source, tmp_path / "target", tell=events.append, step="copy")
    last = [event.data for event in events if event.kind is EventKind.PROGRESS][-1]
    assert last["done"] == last["total"] == 39 * MIB + 3 + 6 + 1


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
    with pytest.raises(Problem, match="was made from"):
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


def test_bytes_that_come_back_different_are_a_problem_with_both_digests(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = onefile.copy_data

    def spoilt(read: int, out: int, *rest: object) -> tuple[str, int]:
        done = honest(read, out, *rest)  # type: ignore[arg-type]
        if os.fstat(out).st_size > 10 * MIB:
            os.pwrite(out, b"\x01", 7 * MIB)
        return done

    monkeypatch.setattr(onefile, "copy_data", spoilt)
    with pytest.raises(Problem, match="segment") as caught:
        copy_tree(source, tmp_path / "target")
    assert xxhash.xxh3_128((source / "deep/er/segment.mmap").read_bytes()).hexdigest() in str(caught.value)
    assert not (tmp_path / "target/deep/er/segment.mmap").exists()
    monkeypatch.undo()
    copy_tree(source, tmp_path / "target")
    assert same(source, tmp_path / "target")


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
    if settled.filesystem(tmp_path) not in settled._HONEST:
        pytest.skip(f"{settled.filesystem(tmp_path)} does not move times for writes through a map")
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
    """As if the target lay on another disk: writing it out at the end of a pass then does nothing to the source's pages."""
    monkeypatch.setattr(copying, "sync_filesystem", lambda path: None)
    monkeypatch.setattr(flushing.Flusher, "add", lambda self, handle: None)


@pytest.mark.usefixtures("elsewhere")
def test_a_write_through_a_map_after_the_warm_read_is_caught_by_the_final_pass(
    mapped: tuple[Path, "subprocess.Popen[str]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page was dirty before the warm pass, so only syncfs makes the later write move the times: with no margin to help."""
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
def test_without_syncfs_that_write_would_be_lost(mapped: tuple[Path, "subprocess.Popen[str]"], monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_what_was_written_in_the_last_seconds_is_not_settled_in_a_live_pass(source: Path, tmp_path: Path) -> None:
    report = copy_tree(source, tmp_path / "target", live=True)
    assert len(report.unsettled) == 7  # all files but the second name of one
    assert copy_tree(source, tmp_path / "target").changed == 8  # and the link to that name again
    assert copy_tree(source, tmp_path / "target").changed == 0


def test_nothing_is_settled_where_maps_do_not_move_times(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled, "LIVE_MARGIN", -60.0)
    monkeypatch.setattr(settled, "filesystem", lambda path: "tmpfs")
    assert len(copy_tree(source, tmp_path / "target", live=True).unsettled) == 7


@pytest.mark.usefixtures("elsewhere")
def test_many_map_writers_during_warm_passes_never_leave_a_stale_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if settled.filesystem(tmp_path) not in settled._HONEST:
        pytest.skip(f"{settled.filesystem(tmp_path)} does not move times for writes through a map")
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


KILLED = """
import sys
from pathlib import Path
from omnimind_ops.stores import settled
from omnimind_ops.stores.files import copy_tree
settled.FINAL_MARGIN = -60.0
print("go", flush=True)
copy_tree(Path(sys.argv[1]), Path(sys.argv[2]))
print("done", flush=True)
"""


def test_a_copy_killed_anywhere_is_completed_by_the_next(tmp_path: Path) -> None:
    dice = random.Random(7)
    for n in range(60):
        folder = tmp_path / "a" / f"{n % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / str(n)).write_bytes(dice.randbytes(dice.randrange(4 * MIB)))
    os.link(tmp_path / "a/0/0", tmp_path / "a/1/also 0")
    os.symlink("x", tmp_path / "a" / "link")
    killed = 0
    for _ in range(25):
        run = subprocess.Popen([sys.executable, "-c", KILLED, tmp_path / "a", tmp_path / "b"], stdout=-1, text=True)
        assert run.stdout and run.stdout.readline() == "go\n"
        time.sleep(dice.random() * 0.15)
        run.send_signal(signal.SIGKILL)
        said = run.communicate()[0]
        killed += "done" not in said
        if "done" in said or dice.random() < 0.2:
            discard(tmp_path / "b")
        (tmp_path / "a" / "3" / "3").write_bytes(dice.randbytes(MIB))
    assert killed > 3
    copy_tree(tmp_path / "a", tmp_path / "b")
    assert same(tmp_path / "a", tmp_path / "b") and looks(tmp_path / "a") == looks(tmp_path / "b")
    assert not list((tmp_path / "b").rglob(".omnimind*"))


def test_an_interrupted_copy_stops_its_threads_and_keeps_what_it_has(source: Path, tmp_path: Path) -> None:
    def interrupt(event: Event) -> None:
        if event.kind is EventKind.PROGRESS:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_tree(source, tmp_path / "target", tell=interrupt)
    assert not [t for t in threading.enumerate() if t.name.startswith(("copy", "flush"))]
    copy_tree(source, tmp_path / "target")
    assert same(source, tmp_path / "target")


def test_copies_that_may_not_be_on_the_disk_count_only_until_the_next_boot(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from omnimind_ops.stores import manifest

    copy_tree(source, tmp_path / "target")
    where = default_manifest(tmp_path / "target")
    known = manifest.load(where)
    assert known and known.files
    manifest.save(where, known, durable=False)
    again = manifest.load(where)
    assert again and again.files == known.files
    monkeypatch.setattr(manifest, "boot_id", lambda: "another boot")
    after = manifest.load(where)
    assert after and after.files == {}
    assert copy_tree(source, tmp_path / "target").changed == 8


def test_no_room_is_told_with_numbers_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"needs \d.* has .* free"):
        check_space(tmp_path / "not" / "there", 1 << 60)
    check_space(tmp_path / "not" / "there", 1)


def test_space_needed_leaves_holes_out_and_counts_a_file_once(source: Path) -> None:
    assert 5 * MIB <= space_needed(source) < 7 * MIB


def test_a_fingerprint_tells_where_two_trees_differ(source: Path, tmp_path: Path) -> None:
    copy_tree(source, tmp_path / "target")
    fingerprint = tree_fingerprint(source)
    assert fingerprint.counts == {"files": 8, "directories": 3, "links": 3, "bytes": 39 * MIB + 3 + 12 + 1}
    with (tmp_path / "target" / "deep" / "plain.txt").open("r+b") as file:
        file.write(b"j")
    names = {difference.name for difference in compare(fingerprint, tree_fingerprint(tmp_path / "target"))}
    assert names == {"tree", "top: deep", "top: second name"}


def test_parking_moves_a_tree_aside_and_twice_is_once(source: Path, tmp_path: Path) -> None:
    was = tree_fingerprint(source)
    for _ in range(2):
        park(source, tmp_path / "x" / "parked", step="", tell=lambda event: None)
    assert not source.exists()
    assert not compare(was, tree_fingerprint(tmp_path / "x" / "parked"))


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
def test_parking_on_another_file_system_is_a_verified_copy(source: Path, tmp_path: Path) -> None:
    parked = Path(f"/dev/shm/omnimind-test-{os.getpid()}") / "parked"
    was = tree_fingerprint(source)
    try:
        for _ in range(2):
            park(source, parked, step="", tell=lambda event: None)
        assert not compare(was, tree_fingerprint(parked))
        assert not source.exists() and not [p for p in tmp_path.iterdir() if "omnimind" in p.name]
        assert os.listdir(parked.parent) == ["parked"]
    finally:
        discard(parked)
        parked.parent.rmdir()


def test_parking_does_not_overwrite(source: Path, tmp_path: Path) -> None:
    (tmp_path / "parked").mkdir()
    with pytest.raises(Problem, match="there already"):
        park(source, tmp_path / "parked", step="", tell=lambda event: None)
    assert source.exists()


@pytest.mark.parametrize("path", ["/", "/proc", "/tmp"])
def test_top_directories_are_never_discarded(path: str) -> None:
    with pytest.raises(Problem):
        discard(Path(path))


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


def test_the_file_system_of_a_path_is_told() -> None:
    assert settled.filesystem(Path("/proc/self")) == "proc"
    assert settled.filesystem(Path("/sys/kernel")) == "sysfs"


@pytest.mark.skipif(not ROOT, reason="mounting takes root")
def test_a_disk_that_fills_up_meanwhile_is_told_with_numbers_and_the_copy_goes_on_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    for n in range(8):
        (tmp_path / "a" / str(n)).write_bytes(os.urandom(MIB))
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=5m", "none", small], check=False).returncode:
        pytest.skip("may not mount here")
    try:
        monkeypatch.setattr(copying, "check_space", lambda path, needed: None)
        with pytest.raises(Problem, match=r"No space left .* bytes free"):
            copy_tree(tmp_path / "a", small / "b")
        assert not list((small / "b").glob(".omnimind*"))
        subprocess.run(["mount", "-o", "remount,size=20m", small], check=True)
        assert copy_tree(tmp_path / "a", small / "b").changed < 8
        assert same(tmp_path / "a", small / "b")
    finally:
        subprocess.run(["umount", small], check=True)
