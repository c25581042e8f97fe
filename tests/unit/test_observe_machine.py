"""The host's facts: disks, interpreters, locale, os-release, and one real look at this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from omnimind_ops.observe import disks, interpreters, machine


def test_one_look_at_this_machine(tmp_path: Path) -> None:
    path = str(tmp_path / "not" / "yet" / "there")
    result = machine.machine((path,), containers=())
    assert result.memory > 10**8
    assert result.cpus >= 1
    assert result.kernel
    assert result.root == (os.geteuid() == 0)
    assert [disk.path for disk in result.disks] == [path]
    assert 0 < result.disks[0].free <= result.disks[0].total
    assert not Path(path).parent.exists()
    assert bool(result.docker) != bool(result.docker_reason)
    assert result.gpu.lock in ("cpu", "cu12", "cu13")


def test_the_mount_point_is_the_nearest_above(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    (tmp_path / "my disk").mkdir()
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nover {tmp_path} ext4 rw 0 0\n/dev/b {tmp_path}/my\\040disk xfs rw 0 0\n")
    (result,) = disks.disks((f"{tmp_path}/my disk/data",), mounts)
    assert (result.mount_point, result.filesystem) == (f"{tmp_path}/my disk", "xfs")


def test_a_link_leads_to_the_disk_it_points_at(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\n/dev/b {tmp_path}/real tmpfs rw 0 0\n")
    assert disks.disks((f"{tmp_path}/link/x",), mounts)[0].filesystem == "tmpfs"


def program(path: Path, version: str, code: int = 0) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


def open_to_all(path: Path) -> Path:
    """pytest's folders are 0700: open them up to the root."""
    for folder in (path, *path.parents):
        if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o755)
    return path


@pytest.mark.parametrize(
    ("version", "code", "trouble"),
    [
        ("3.12.8", 0, ""),
        ("3.10.12", 0, "older than 3.11"),
        ("3.14.0", 0, "newer than 3.13"),
        ("3.11.0 candidate", 0, "a pre-release"),
        ("3.12.8", 1, "install python3.12)"),
        ("", 0, "does not run"),
    ],
)
def test_an_interpreter_must_be_new_and_able(tmp_path: Path, version: str, code: int, trouble: str) -> None:
    result = interpreters.interpreter(program(open_to_all(tmp_path) / "python3", version, code), homes=())
    assert trouble in result.trouble
    assert bool(result.trouble) == bool(trouble)


def test_an_interpreter_in_a_home_will_not_do_even_behind_links(tmp_path: Path) -> None:
    open_to_all(tmp_path)
    program(tmp_path / "home/ana/.pyenv/bin/python3.12", "3.12.8")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(tmp_path / "home/ana/.pyenv/bin/python3.12")
    (tmp_path / "bin/python3").symlink_to("python")
    result = interpreters.interpreter(str(tmp_path / "bin/python3"), homes=(str(tmp_path / "home"),))
    assert "lives in a home directory" in result.trouble
    assert result.real.endswith("home/ana/.pyenv/bin/python3.12")


def test_a_folder_that_others_may_not_pass_is_named(tmp_path: Path) -> None:
    path = program(open_to_all(tmp_path) / "closed/bin/python3", "3.12.8")
    (tmp_path / "closed").chmod(0o750)
    assert interpreters.interpreter(path, homes=()).trouble == f"other users may not pass {tmp_path}/closed"


def test_the_one_asked_for_is_the_only_candidate(tmp_path: Path) -> None:
    assert machine.find_python(str(tmp_path / "none")) == ""
    assert interpreters.interpreters(str(tmp_path / "none"))[0].trouble == "there is no such file"


def test_the_running_python_is_known() -> None:
    assert interpreters.interpreter(sys.executable, homes=()).version == ".".join(map(str, sys.version_info[:3]))


def test_os_release_and_locale(tmp_path: Path) -> None:
    (tmp_path / "etc/default").mkdir(parents=True)
    (tmp_path / "etc/os-release").write_text('# c\nID=ubuntu\nVERSION_ID="22.04"\nPRETTY_NAME="Ubuntu 22.04.5 LTS"\n')
    (tmp_path / "etc/default/locale").write_text('#  File\nLANG="pt_BR.UTF-8"\n')
    assert machine.os_release(tmp_path) == {"ID": "ubuntu", "VERSION_ID": "22.04", "PRETTY_NAME": "Ubuntu 22.04.5 LTS"}
    assert machine.os_release(tmp_path / "none") == {}
    assert machine.locale({}, tmp_path) == "pt_BR.UTF-8"
    assert machine.locale({"LANG": "a", "LC_ALL": "C.UTF-8"}, tmp_path) == "C.UTF-8"
    assert machine.locale({}, tmp_path / "none") == "C"


def test_without_systemd_as_pid_1_the_version_is_0(tmp_path: Path) -> None:
    assert machine.systemd_version(tmp_path / "none") == 0
