"""The changes of one tree go into another in place; what they replace is parked; all of it can be taken back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files import carry as carry_module
from omnimind_ops.stores.files.carry import carry, parking, take_back
from omnimind_ops.stores.files.copy import copy_tree


def facts(root: Path) -> dict[str, tuple[object, ...]]:
    """Name → kind and mode, owner, content, time of a file; without what is parked."""
    results: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        if ".omnimind-parked" not in path.parts:
            state = path.lstat()
            content = path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else ""
            times = state.st_mtime_ns if path.is_file() else 0
            results[str(path.relative_to(root))] = (state.st_mode, state.st_uid, state.st_gid, content, times)
    return results


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """An old tree, and a native one that is its copy and was written to."""
    old, new = tmp_path / "volume/data", tmp_path / "native"
    (old / "folder/deep").mkdir(parents=True)
    for name in ("same", "other", "hidden", "gone", "becomes a folder", "folder/deep/gone", "folder/kept"):
        (old / name).write_text(f"old {name}")
        (old / name).chmod(0o604)
    (old / "becomes a file").mkdir()
    (old / "becomes a file/inner").write_text("inner")
    (old / "link").symlink_to("same")
    if os.getuid() == 0:
        for path in (old, *old.rglob("*")):
            os.chown(path, 4711, 4712, follow_symlinks=False)
    copy_tree(old, new, owner=(os.getuid(), os.getgid()))
    state = (new / "hidden").stat()
    (new / "hidden").write_text("new hidden")
    os.utime(new / "hidden", ns=(state.st_atime_ns, state.st_mtime_ns))  # as a memory map writes
    (new / "other").write_text("other text")
    for name in ("gone", "becomes a folder", "link", "folder/deep/gone"):
        (new / name).unlink()
    (new / "folder/deep").rmdir()
    (new / "becomes a folder").mkdir()
    (new / "becomes a folder/inner").write_text("inner")
    (new / "becomes a file/inner").unlink()
    (new / "becomes a file").rmdir()
    (new / "becomes a file").write_text("a file")
    (new / "link").symlink_to("other")
    (new / "in/here").mkdir(parents=True)
    (new / "in/here/came").write_text("came")
    (new / "left").mkdir()
    (new / "left/behind").write_text("not carried")
    return old, new


@pytest.mark.parametrize("whole", [False, True])
def test_the_old_tree_becomes_the_native_one_with_its_own_owners(trees: tuple[Path, Path], whole: bool) -> None:
    old, new = trees
    before = facts(old)
    carry(new, old, parking(old, "run"), without=("left",), whole=whole)
    after, native = facts(old), {name: fact for name, fact in facts(new).items() if not name.startswith("left")}
    assert {name: fact[3] for name, fact in after.items()} == {name: fact[3] for name, fact in native.items()}
    owners = {fact[1:3] for fact in after.values()}
    assert owners == {fact[1:3] for fact in before.values()}
    assert after["other"][0] == before["other"][0]
    assert (parking(old, "run") / "gone").read_text() == "old gone"
    assert (parking(old, "run") / "becomes a file/inner").read_text() == "inner"


@pytest.mark.parametrize("whole", [False, True])
def test_it_is_taken_back(trees: tuple[Path, Path], whole: bool) -> None:
    old, new = trees
    before, parked = facts(old), parking(old, "run")
    carry(new, old, parked, whole=whole)
    assert facts(old) != before
    if whole:  # a server opened it
        (old / "same").write_text("a server's")
        (old / "in/log").write_text("a server's")
    assert take_back(old, parked)
    assert facts(old) == before
    assert not parked.exists() and not take_back(old, parked)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("number", range(12))
def test_a_failure_at_any_change_is_taken_back(
    trees: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, number: int, whole: bool
) -> None:
    old, new = trees
    before, parked, left = facts(old), parking(old, "run"), iter(range(number))

    def failing(name: str, act: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            if next(left, None) is None:
                raise OSError(28, "No space left on device")
            return act(*arguments)

        return call

    for name in ("_park", "apply_attributes"):
        monkeypatch.setattr(carry_module, name, failing(name, getattr(carry_module, name)))
    with pytest.raises(Problem, match="cannot write to"):
        carry(new, old, parked, whole=whole)
    take_back(old, parked)
    assert facts(old) == before
