"""place, for real: on this machine, in a folder of the test's own."""

from __future__ import annotations

import os
import pwd
import time
from pathlib import Path

import pytest

from deploy import job
from deploy.deploy import ROLES
from deploy.operations.place import place
from deploy.wanted import Absent, File, Folder, Link, Wanted
from omnimind_ops.model.goal import Goal

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="files get an owner, which takes root")


class Role:
    """A role made for one test."""

    def __init__(self, wanted: list[Wanted]) -> None:
        self.wanted = wanted

    def configure(self, goal: Goal) -> None:
        place(name="Place", wanted=self.wanted)


def run(monkeypatch: pytest.MonkeyPatch, wanted: list[Wanted], dry: bool = False) -> tuple[int, list[str]]:
    """How many operations changed something, and the lines about them."""
    monkeypatch.setitem(ROLES, "test", Role(wanted))
    said: list[dict[str, object]] = []
    last = job.run("test", "configure", Goal(), dry, lambda message: said.append(dict(message)))
    assert last["kind"] == "done", last
    return int(str(last["changed"])), [
        str(line) for message in said if message["kind"] == "op" for line in message["lines"]
    ]


def everything(tmp_path: Path) -> list[Wanted]:
    return [
        Folder(f"{tmp_path}/a folder", 0o750, "nobody", "nogroup"),
        File(f"{tmp_path}/a folder/it's.conf", "one\ntwo ünï\n", 0o640, "root", "nogroup"),
        File(f"{tmp_path}/a folder/secret", "hunter2\n", 0o600, secret=True),
        Link(f"{tmp_path}/current", f"{tmp_path}/a folder"),
    ]


def test_what_is_wanted_stands_and_a_second_time_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, everything(tmp_path))[0] == 1
    file = tmp_path / "a folder" / "it's.conf"
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("one\ntwo ünï\n", 0o640)
    assert pwd.getpwuid((tmp_path / "a folder").stat().st_uid).pw_name == "nobody"
    assert (tmp_path / "current").resolve() == tmp_path / "a folder"
    assert run(monkeypatch, everything(tmp_path)) == (0, [])
    assert run(monkeypatch, everything(tmp_path), dry=True) == (0, [])
    assert not list(tmp_path.rglob("*omnimind-new*"))


def test_a_dry_run_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, everything(tmp_path), dry=True)[0] == 1
    assert list(tmp_path.iterdir()) == []


def test_a_changed_file_is_shown_as_a_diff_and_a_secret_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, everything(tmp_path))
    (tmp_path / "a folder" / "it's.conf").write_text("one\n2\n")
    (tmp_path / "a folder" / "secret").write_text("password1\n")
    shown = "\n".join(run(monkeypatch, everything(tmp_path))[1])
    assert "-2" in shown
    assert "+two ünï" in shown
    assert "hunter2" not in shown
    assert "password1" not in shown
    assert (tmp_path / "a folder" / "secret").read_text() == "hunter2\n"


@pytest.mark.parametrize("spoil", [lambda p: p.chmod(0o777), lambda p: os.chown(p, 1, 1), lambda p: p.write_text("x")])
def test_mode_owner_and_content_are_each_put_right(
    spoil: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, everything(tmp_path))
    spoil(tmp_path / "a folder" / "it's.conf")  # type: ignore[operator]
    assert run(monkeypatch, everything(tmp_path))[0] == 1
    assert run(monkeypatch, everything(tmp_path))[0] == 0


def test_a_kept_folder_stays_as_its_owner_left_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    wanted: list[Wanted] = [Folder(f"{tmp_path}/data", 0o750, "nobody", "nogroup", keep=True)]
    assert run(monkeypatch, wanted)[0] == 0
    assert (tmp_path / "data").stat().st_uid == 0


def test_what_should_be_absent_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old").write_text("x")
    assert run(monkeypatch, [Absent(f"{tmp_path}/old")])[0] == 1
    assert run(monkeypatch, [Absent(f"{tmp_path}/old")])[0] == 0
    assert not (tmp_path / "old").exists()


def test_a_file_is_replaced_by_rename_so_a_reader_sees_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    with path.open() as reader:
        run(monkeypatch, [File(str(path), "new")])
        assert reader.read() == "old"


def test_a_written_file_is_as_young_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = time.time() - 2  # a file system's clock may lag
    run(monkeypatch, everything(tmp_path))
    assert (tmp_path / "a folder" / "it's.conf").stat().st_mtime > before
    assert (tmp_path / "current").lstat().st_mtime > before
