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
