"""Files, folders, links and secrets for real: on this machine, in a folder of the test's own."""

from __future__ import annotations

import io
import os
import pwd
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pyinfra.operations import files

from deploy import job
from deploy.connector import Machine
from deploy.deploy import ROLES
from deploy.inventory import connect
from deploy.operations.folder import ensure_folder, folder
from deploy.operations.link import link
from deploy.operations.secret import Secret, secret
from omnimind_ops.model.goal import Goal

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="files get an owner, which takes root")
CONFIGURATION = "one\ntwo ünï\n"


def put(path: str, content: str, mode: str = "644", group: str = "root") -> None:
    files.put(
        name=f"Write {path}",
        src=io.StringIO(content),
        dest=path,
        user="root",
        group=group,
        mode=mode,
        create_remote_dir=False,
    )


def everything(tmp_path: Path) -> Callable[[Goal], None]:
    def stage(goal: Goal) -> None:
        folder(f"{tmp_path}/a folder", "750", "nobody", "nogroup")
        put(f"{tmp_path}/a folder/it's.conf", CONFIGURATION, "640", "nogroup")
        secret(name="Write the secret", files=[Secret(f"{tmp_path}/a folder/secret", "hunter2\n")])
        link(name="Link", path=f"{tmp_path}/current", target=f"{tmp_path}/a folder")

    return stage


def run(monkeypatch: pytest.MonkeyPatch, stage: Callable[[Goal], None], dry: bool = False) -> tuple[int, list[str]]:
    """How many operations changed something, and the lines about them."""
    monkeypatch.setitem(ROLES, "test", type("Role", (), {"configure": staticmethod(stage)}))
    results: list[dict[str, object]] = []
    last = job.run("test", "configure", Goal(), dry, lambda message: results.append(dict(message)))
    assert last["kind"] == "done", last
    lines = [message["lines"] for message in results if message["kind"] == "op"]
    return int(str(last["changed"])), [str(line) for some in lines if isinstance(some, list) for line in some]


def test_what_is_wanted_stands_and_a_second_time_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, everything(tmp_path))[0] == 4
    file, password = tmp_path / "a folder" / "it's.conf", tmp_path / "a folder" / "secret"
    assert (file.read_text(), file.stat().st_mode & 0o777, file.group()) == (CONFIGURATION, 0o640, "nogroup")
    assert (password.read_text(), password.stat().st_mode & 0o777) == ("hunter2\n", 0o600)
    assert pwd.getpwuid((tmp_path / "a folder").stat().st_uid).pw_name == "nobody"
    assert (tmp_path / "current").resolve() == tmp_path / "a folder"
    assert run(monkeypatch, everything(tmp_path)) == (0, [])
    assert run(monkeypatch, everything(tmp_path), dry=True) == (0, [])
    assert not list(tmp_path.rglob("*omnimind-new*"))


def test_a_dry_run_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, everything(tmp_path), dry=True)[0] == 4
    assert list(tmp_path.iterdir()) == []


def test_a_preview_has_a_line_for_each_path_with_its_owner_and_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, everything(tmp_path), dry=True)[1] == [
        f"+ {tmp_path}/a folder/ (folder) 750 nobody:nogroup",
        f"+ {tmp_path}/a folder/it's.conf (2 lines) root:nogroup 640",
        f"+ {tmp_path}/a folder/secret 600 root:root (content not shown)",
        f"+ {tmp_path}/current -> {tmp_path}/a folder",
    ]
    run(monkeypatch, everything(tmp_path))
    (tmp_path / "a folder").chmod(0o700)
    assert run(monkeypatch, everything(tmp_path), dry=True)[1] == [f"~ {tmp_path}/a folder/ 750"]


def test_a_changed_file_is_shown_as_a_diff_and_a_secret_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, everything(tmp_path))
    (tmp_path / "a folder" / "it's.conf").write_text("one\n2\n")
    (tmp_path / "a folder" / "secret").write_text("password1\n")
    for dry in (True, False):
        shown = "\n".join(run(monkeypatch, everything(tmp_path), dry)[1])
        assert "-2" in shown
        assert "+two ünï" in shown
        assert "hunter2" not in shown
        assert "password1" not in shown
    assert (tmp_path / "a folder" / "secret").read_text() == "hunter2\n"


@pytest.mark.parametrize("name", ["it's.conf", "secret"])
@pytest.mark.parametrize("spoil", [lambda p: p.chmod(0o777), lambda p: os.chown(p, 1, 1), lambda p: p.write_text("x")])
def test_mode_owner_and_content_are_each_put_right(
    spoil: Callable[[Path], None], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, everything(tmp_path))
    spoil(tmp_path / "a folder" / name)
    assert run(monkeypatch, everything(tmp_path))[0] == 1
    assert run(monkeypatch, everything(tmp_path))[0] == 0


def test_a_kept_folder_stays_as_its_owner_left_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir(mode=0o700)

    def stage(goal: Goal) -> None:
        for name in ("data", "new"):
            ensure_folder(tmp_path / name, "750", "nobody", "nogroup")

    assert run(monkeypatch, stage)[0] == 1
    assert (tmp_path / "data").stat().st_uid == 0
    assert (tmp_path / "new").owner() == "nobody"
    assert run(monkeypatch, stage)[0] == 0


def test_a_folder_may_be_a_link_to_a_larger_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").mkdir(mode=0o700)
    (tmp_path / "data").symlink_to("disk")

    def stage(goal: Goal) -> None:
        folder(tmp_path / "data", "750", "nobody", "nogroup")

    assert run(monkeypatch, stage)[0] == 1
    assert (tmp_path / "disk").owner() == "nobody" and (tmp_path / "data").is_symlink()
    assert run(monkeypatch, stage)[0] == 0


def test_a_file_is_replaced_by_rename_so_a_reader_sees_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    with path.open() as reader:
        run(monkeypatch, lambda goal: put(str(path), "new"))
        assert reader.read() == "old"
    assert path.read_text() == "new"


def test_a_file_is_nobody_elses_until_its_owner_is_set_and_a_replaced_one_keeps_who_may_read_it(tmp_path: Path) -> None:
    _, host = connect(Machine)
    path = tmp_path / "f"
    (tmp_path / "f.omnimind-new").write_text("left behind")
    (tmp_path / "f.omnimind-new").chmod(0o666)
    assert host.put_file(io.StringIO("new"), str(path))
    assert (path.read_text(), path.stat().st_mode & 0o777, path.stat().st_uid) == ("new", 0o600, 0)
    path.chmod(0o640)
    os.chown(path, 1, 1)
    assert host.put_file(io.StringIO("newer"), str(path))
    assert (path.read_text(), path.stat().st_mode & 0o777, path.stat().st_uid) == ("newer", 0o640, 1)
    assert [file.name for file in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize("before", [lambda p: p.write_text("pip's"), lambda p: p.symlink_to("elsewhere")])
def test_a_file_or_another_link_of_that_name_is_replaced_by_the_link(
    before: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(tmp_path / "omnimind")

    def stage(goal: Goal) -> None:
        link(name="Link", path=f"{tmp_path}/omnimind", target=f"{tmp_path}/bin/omnimind")

    assert run(monkeypatch, stage)[1] == [f"~ {tmp_path}/omnimind -> {tmp_path}/bin/omnimind"]
    assert os.readlink(tmp_path / "omnimind") == f"{tmp_path}/bin/omnimind"
    assert run(monkeypatch, stage)[0] == 0


def test_a_file_that_cannot_be_written_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        ROLES,
        "test",
        type("Role", (), {"configure": staticmethod(lambda goal: put(f"{tmp_path}/no folder/f", "x"))}),
    )
    result = job.run("test", "configure", Goal(), False, lambda _: None)
    assert result["what"] == f"cannot write {tmp_path}/no folder/f"
    assert result["why"] == f"cannot write {tmp_path}/no folder/f: No such file or directory"


def test_a_file_that_cannot_take_its_name_leaves_nothing_beside(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    assert not connect(Machine)[1].put_file(io.StringIO("x"), str(tmp_path / "f"))
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_a_written_file_is_as_young_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = time.time() - 2  # a file system's clock may lag
    run(monkeypatch, everything(tmp_path))
    for name in ("it's.conf", "secret"):
        assert (tmp_path / "a folder" / name).stat().st_mtime > before
    assert (tmp_path / "current").lstat().st_mtime > before
