"""Room on the disk: counted before, told with numbers."""

import os
import subprocess
from pathlib import Path

import pytest

from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.files import copy as copying
from omnimind_ops.stores.files.copy import copy_tree
from omnimind_ops.stores.files.space import check_space, space_needed
from tests.stores.files.trees import MIB, ROOT, same


def test_no_room_is_told_with_numbers_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"needs \d.* has .* free"):
        check_space(tmp_path / "not" / "there", 1 << 60)
    check_space(tmp_path / "not" / "there", 1)


def test_space_needed_leaves_holes_out_and_counts_a_file_once(source: Path) -> None:
    assert 5 * MIB <= space_needed(source) < 7 * MIB


@pytest.mark.skipif(not ROOT, reason="mounting takes root")
def test_a_disk_that_fills_up_meanwhile_is_told_with_numbers_and_the_copy_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
