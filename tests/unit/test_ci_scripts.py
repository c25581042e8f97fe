"""The scripts of .ci: what shellcheck says of them, and what they say of wrong words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CI = Path(__file__).resolve().parents[2] / ".ci"


@pytest.mark.parametrize("name", ["demo", "prepare", "run"])
def test_shellcheck_finds_nothing(name: str) -> None:
    done = subprocess.run(
        (Path(sys.executable).with_name("shellcheck"), CI / name), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_an_unknown_part_is_refused_before_anything_is_installed() -> None:
    done = subprocess.run(("bash", CI / "prepare", "demos"), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "the parts are demo, page, tests and reference" in done.stderr


@pytest.mark.parametrize(("option", "code"), [("--nonsense", 2), ("--points=many", 2), ("--help", 0)])
def test_the_demo_answers_its_options_before_anything_is_installed(option: str, code: int, tmp_path: Path) -> None:
    copy = tmp_path / ".ci/demo"
    copy.parent.mkdir()
    copy.write_bytes((CI / "demo").read_bytes())
    (tmp_path / "tests/hosts").mkdir(parents=True)
    (tmp_path / "tests/hosts/demo_options.py").write_bytes((CI.parent / "tests/hosts/demo_options.py").read_bytes())
    (tmp_path / ".ci/prepare").write_text("touch prepared; exit 99\n")
    done = subprocess.run(("bash", copy, option), capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "usage: bash .ci/demo" in done.stdout + done.stderr
    assert not (tmp_path / "prepared").exists()
