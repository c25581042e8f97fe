"""nox runs what lies in its own environment, whatever PATH holds."""

from __future__ import annotations

import sys
from pathlib import Path

from omnimind_ops.tools.shell import run

ROOT = Path(__file__).resolve().parents[2]


def test_a_session_needs_no_python_on_path(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "nox", "-f", str(ROOT / "noxfile.py"), "-s", "demo", "--", "--help")
    done = run(("env", "-i", f"PATH={tmp_path}", *command), timeout=60, check=False)
    assert done.code == 0, done.out + done.err
    assert "bash .ci/demo" in done.out


def test_no_session_asks_path_for_a_python() -> None:
    assert '"python"' not in (ROOT / "noxfile.py").read_text()
