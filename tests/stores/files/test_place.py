"""A data folder that is a file system of its own gets its data and gives it back, killed at any point."""

import json
import os
import pwd
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from omnimind_ops.model.event import Event
from omnimind_ops.model.json import JSON
from omnimind_ops.model.payloads import CopyPayload, Pass, PlacePayload
from omnimind_ops.model.place import OWN_FOLDER, Place
from omnimind_ops.model.plan import Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo
from omnimind_ops.paths import Paths
from omnimind_ops.steps import redis as redis_steps
from omnimind_ops.steps.copy import CopyStep
from omnimind_ops.steps.redis import PlaceStep
from omnimind_ops.stores.files.copy import copy_tree
from omnimind_ops.stores.files.discard import discard
from omnimind_ops.stores.files.mounts import is_mounted
from omnimind_ops.stores.files.place import is_swapped_inside, swap_in
from tests.stores.files.filesystems import mounted
from tests.stores.files.trees import ROOT

pytestmark = pytest.mark.skipif(not ROOT, reason="mounting takes root")
KINDS = ("plain", "link", "bind", "ext4", "xfs", "btrfs")
ME = pwd.getpwuid(os.getuid()).pw_name
CHANGES = ("rename", "mkdir", "rmdir", "chown", "chmod")
"""What a swap does to a file system: the moments at which it is killed."""


def silent(event: Event) -> None:
    """Drop the event."""


@dataclass(frozen=True)
class FileNotes:
    """Notes that survive a kill (model.run.Notes)."""

    path: Path

    def load(self, step: str) -> Mapping[str, JSON]:
        return dict(json.loads(self.path.read_text())) if self.path.exists() else {}

    def save(self, step: str, notes: Mapping[str, JSON]) -> None:
        beside = self.path.with_name("new")
        beside.write_text(json.dumps({**self.load(step), **notes}))
        beside.replace(self.path)


@dataclass(frozen=True)
class Swap:
    """A step that puts data in its place, and what is there before and after it."""

    handler: Any
    task: Task[Any]
    notes: FileNotes
    place: Place
    new: Mapping[str, str]
    old: Mapping[str, str]

    def do(self) -> bool:
        return bool(self.handler.do(self.task, self.memo, silent))

    def undo(self) -> None:
        self.handler.undo(self.task, self.memo, silent)

    @property
    def memo(self) -> Memo[Any]:
        return Memo(self.notes, self.task.id, self.handler.notes)

    def begin(self) -> None:
        """Make everything as it is before the step."""
        self.notes.path.unlink(missing_ok=True)
        shutil.rmtree(self.handler.paths.stage, ignore_errors=True)
        for folder in (self.place.parked, self.place.own, self.place.incoming):
            shutil.rmtree(folder, ignore_errors=True)
        self.place.target.mkdir(exist_ok=True)
        for path in self.place.target.iterdir():
            if path.name != "lost+found":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, text in self.old.items():
            (self.place.target / name).parent.mkdir(exist_ok=True)
            (self.place.target / name).write_text(text)
        self.place.target.chmod(0o751)
        os.chown(self.place.target, 4321, 8765)
        if isinstance(self.handler, PlaceStep):
            (self.handler.paths.stage / "redis").mkdir(parents=True)
            (self.handler.paths.stage / "redis" / "dump.rdb").write_text("moved")


def content(folder: Path) -> dict[str, str]:
    """The data files of a folder and what is in them."""
    own = (OWN_FOLDER, "lost+found")
    files = (path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).parts[0] not in own)
    return {str(path.relative_to(folder)): path.read_text() for path in files}


OLD = {"dump.rdb": "old", "b/two": "old", "c": "old"}
NEW = {"a": "new", "b/two": "new", "d/one": "new"}


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A data folder of each kind."""
    with mounted(request.param, tmp_path / "var" / "data") as target:
        yield target


@pytest.fixture(params=["copy", "redis"])
def swap(request: pytest.FixtureRequest, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Swap:
    """The last copy of a folder, and the placing of Redis' dump."""
    place = Place(folder, is_swapped_inside(folder))
    notes, paths = FileNotes(tmp_path / "notes"), Paths(tmp_path / "root")
    if request.param == "redis":
        monkeypatch.setattr(redis_steps.pwd, "getpwnam", lambda name: pwd.getpwuid(os.getuid()))
        task: Task[Any] = Task("place-redis", PlacePayload(str(folder), inside=place.inside or None))
        return Swap(PlaceStep(paths, "r"), task, notes, place, {"dump.rdb": "moved"}, OLD)
    source = tmp_path / "source"
    for name, text in NEW.items():
        (source / name).parent.mkdir(exist_ok=True, parents=True)
        (source / name).write_text(text)
    (source / "lost+found").mkdir()  # of the file system that the source was copied from
    payload = CopyPayload(str(source), str(place.incoming), str(folder), ME, "", pass_=Pass.FINAL)
    return Swap(CopyStep(paths, "r"), Task("final", payload), notes, place, NEW, OLD)


def attributes(folder: Path) -> tuple[int, int, int]:
    """Mode and owner of a folder."""
    facts = folder.stat()
    return facts.st_mode & 0o7777, facts.st_uid, facts.st_gid


def killed(call: Callable[[], object], at: int) -> bool:
    """Call in a child process that is killed just before its change number `at`; return whether it got so far."""
    child = os.fork()
    if child == 0:
        left = [at]

        def counted(change: Callable[..., object]) -> Callable[..., object]:
            def do(*args: Any, **named: Any) -> object:
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return change(*args, **named)

            return do

        for name in CHANGES:
            setattr(os, name, counted(getattr(os, name)))
        try:
            call()
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, "it failed by itself"
    return os.WIFSIGNALED(status)


def test_data_is_put_in_place_and_the_previous_comes_back(swap: Swap) -> None:
    swap.begin()
    target, mounts = swap.place.target, is_mounted(swap.place.target)
    own = (target / "lost+found").exists()
    before = attributes(target)
    assert swap.do() and not swap.do()
    assert content(target) == swap.new
    assert attributes(target) == (before[0], os.getuid(), os.getgid())
    (target / "d").mkdir(exist_ok=True)
    (target / "d" / "later").write_text("later")
    swap.undo()
    assert content(target) == swap.old and attributes(target) == before
    assert content(swap.place.after("r")) == {**swap.new, "d/later": "later"}
    assert is_mounted(target) == mounts and (target / "lost+found").exists() == own
    for folder in (swap.place.incoming, swap.place.parked):
        assert folder.parent.stat().st_dev == target.stat().st_dev


@pytest.mark.parametrize("folder", ["plain", "ext4", "xfs", "btrfs"], indirect=True)
def test_killed_at_any_point_it_is_completed_or_taken_back(swap: Swap) -> None:
    """Each of them killed again on the way, at a point of its own."""
    for redone in (True, False):
        for at in range(200):
            swap.begin()
            before = attributes(swap.place.target)
            was_killed = killed(swap.do, at)
            if redone:
                killed(swap.do, at // 2 + 1)
                swap.do()
                assert content(swap.place.target) == swap.new, at
                killed(swap.undo, at)
            killed(swap.undo, at // 2)
            swap.undo()
            assert content(swap.place.target) == swap.old, at
            assert attributes(swap.place.target) == before, at
            if not was_killed:
                break
        assert at > 8


@pytest.mark.parametrize("folder", ["plain", "ext4"], indirect=True)
def test_without_a_copy_nothing_is_parked(folder: Path) -> None:
    (folder / "file").write_text("old")
    with pytest.raises(Problem, match="was removed"):
        swap_in(Place(folder, is_swapped_inside(folder)), "r", (0, 0))
    assert content(folder) == {"file": "old"}


@pytest.mark.parametrize("folder", ["plain", "ext4"], indirect=True)
@pytest.mark.parametrize("swap", ["copy"], indirect=True)
def test_the_next_run_finds_what_the_killed_one_copied(swap: Swap) -> None:
    changes = next(at for at in range(200) if not swap.begin() and not killed(swap.do, at))
    swap.begin()
    assert killed(swap.do, changes - 4)
    swap.undo()
    assert content(swap.place.incoming) == swap.new
    swap.notes.path.unlink()
    assert swap.do() and content(swap.place.target) == swap.new


def test_two_mount_points_are_copied_to_beside_each_other(tmp_path: Path) -> None:
    step = CopyStep(Paths(tmp_path / "root"), "r")
    with mounted("bind", tmp_path / "a" / "data"), mounted("bind", tmp_path / "b" / "data"):
        for which in (Pass.WARM, Pass.FINAL):
            for name in ("a", "b"):
                source, place = tmp_path / f"{name}-source", Place(tmp_path / name / "data", True)
                source.mkdir(exist_ok=True)
                (source / "file").write_text(name)
                copy = CopyPayload(str(source), str(place.incoming), str(place.target), ME, "", pass_=which)
                memo = Memo(FileNotes(tmp_path / name / "notes"), "copy", CopyStep.notes)
                step.do(Task("copy", copy), memo, silent)
        assert [content(tmp_path / name / "data") for name in ("a", "b")] == [{"file": "a"}, {"file": "b"}]


def test_a_mount_that_is_missing_is_named_and_nothing_changes(tmp_path: Path) -> None:
    folder, notes = tmp_path / "var" / "uploads", FileNotes(tmp_path / "notes")
    (tmp_path / "source").mkdir()
    payload = CopyPayload(
        str(tmp_path / "source"), str(Place(folder, True).incoming), str(folder), ME, "", pass_=Pass.FINAL
    )
    step, task = CopyStep(Paths(tmp_path / "root"), "r"), Task("final", payload)
    memo = Memo(notes, "final", CopyStep.notes)
    with mounted("bind", folder):
        assert step.do(task, memo, silent)
    for call in (step.do, step.undo):
        with pytest.raises(Problem, match="not mounted|no longer a mount point"):
            call(task, Memo(FileNotes(tmp_path / "none"), "final", CopyStep.notes) if call == step.do else memo, silent)
    assert list(folder.iterdir()) == []


def test_a_file_system_inside_a_folder_is_found_before_anything_is_copied(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "uploads"
    (tmp_path / "source").mkdir()
    payload = CopyPayload(str(tmp_path / "source"), f"{folder}.incoming", str(folder), ME, "", pass_=Pass.WARM)
    with mounted("bind", folder / "big"):
        with pytest.raises(Problem, match="is mounted inside it, at .*/big"):
            CopyStep(Paths(tmp_path / "root"), "r").do(
                Task("warm", payload), Memo(FileNotes(tmp_path / "notes"), "warm", CopyStep.notes), silent
            )
        with pytest.raises(Problem, match="is mounted inside it"):
            discard(folder)
        assert not Path(payload.incoming).exists()


@pytest.mark.parametrize("part", ["", "part"])
def test_a_source_is_not_copied_into_itself_by_another_name(part: str, tmp_path: Path) -> None:
    source, folder = tmp_path / "source", tmp_path / "var" / "uploads"
    (source / "part").mkdir(parents=True)
    (source / "part" / "file").write_text("data")
    folder.mkdir(parents=True)
    os.system(f"mount --bind {source / part} {folder}")
    try:
        with pytest.raises(Problem, match="inside the other|under another name"):
            copy_tree(source, folder / OWN_FOLDER / "incoming")
        assert [path.name for path in source.rglob("*")] == ["part", "file"]
    finally:
        os.system(f"umount {folder}")
