"""Equal files of two environments share their place on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from omnimind_ops.tools.same_files import SMALLEST, link_same

LARGE = b"x" * SMALLEST


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    new, old = tmp_path / "new", tmp_path / "old"
    for folder in (new, old):
        (folder / "lib").mkdir(parents=True)
    return new, old


def put(folder: Path, name: str, data: bytes, mode: int = 0o644) -> Path:
    file = folder / name
    file.write_bytes(data)
    file.chmod(mode)
    return file


def linked(one: Path, other: Path) -> bool:
    return one.stat().st_ino == other.stat().st_ino


def test_an_equal_library_is_kept_once_and_stays_when_one_side_goes(folders: tuple[Path, Path]) -> None:
    new, old = (put(folder, "lib/numpy.so", LARGE) for folder in folders)
    assert link_same(*folders) == SMALLEST
    assert linked(new, old)
    old.unlink()
    assert new.read_bytes() == LARGE
    assert [file.name for file in (folders[0] / "lib").iterdir()] == ["numpy.so"]


@pytest.mark.parametrize(
    ("name", "there", "mode"),
    [
        ("lib/other.so", LARGE[:-1] + b"y", 0o644),
        ("lib/writable.so", LARGE, 0o666),
        ("lib/source.py", LARGE, 0o644),
        ("lib/compiled.pyc", LARGE, 0o644),
        ("lib/longer.so", LARGE + b"x", 0o644),
    ],
)
def test_whatever_differs_or_is_compiled_by_its_time_stays(
    folders: tuple[Path, Path], name: str, there: bytes, mode: int
) -> None:
    new, old = put(folders[0], name, LARGE), put(folders[1], name, there, mode)
    assert link_same(*folders) == 0
    assert not linked(new, old)


def test_small_files_links_and_files_of_one_side_stay(folders: tuple[Path, Path]) -> None:
    new, old = folders
    for folder in folders:
        put(folder, "lib/small.so", LARGE[1:])
        (folder / "lib/link.so").symlink_to("small.so")
    put(new, "lib/only.so", LARGE)
    assert link_same(new, old) == 0
    assert (new / "lib/link.so").is_symlink() and not linked(new / "lib/small.so", old / "lib/small.so")
    assert link_same(new, new) == 0
