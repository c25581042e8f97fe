"""The page's typed client is the one that the backend's OpenAPI document describes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import ROOT

FRONTEND = ROOT / "frontend"


def npm(*arguments: str, folder: Path = FRONTEND) -> subprocess.CompletedProcess[str]:
    """Run one of the page's scripts, with the Node that .ci/prepare found or fetched."""
    path = f"{ROOT / '.venv-node/bin'}{os.pathsep}{os.environ['PATH']}"
    program = shutil.which("npm", path=path)
    if not program or not (FRONTEND / "node_modules").exists():
        why = "Node or the page's packages are not installed: bash .ci/prepare"
        assert os.environ.get("OMNIMIND_REQUIRE_HOSTS") != "1", why
        pytest.skip(why)
    return subprocess.run(
        (program, "run", "--silent", *arguments),
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHON": sys.executable, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_client_is_not_stale() -> None:
    done = npm("api:check")
    assert done.returncode == 0, f"{done.stdout}{done.stderr}: run `npm run api` in frontend/ and keep what it writes"


def test_a_stale_client_would_be_noticed(tmp_path: Path) -> None:
    """The check itself, in a copy whose description is not the backend's."""
    copy = tmp_path / "frontend"
    shutil.copytree(FRONTEND / "scripts", copy / "scripts")
    (copy / "src/lib/api").mkdir(parents=True)
    for name in ("package.json", "src/lib/api/schema.d.ts"):
        shutil.copy(FRONTEND / name, copy / name)
    (copy / "node_modules").symlink_to(FRONTEND / "node_modules")
    (copy / "openapi.json").write_text((FRONTEND / "openapi.json").read_text().replace('"/search"', '"/searched"', 1))
    done = npm("api:check", folder=copy)
    assert done.returncode == 1
    assert "stale: openapi.json" in done.stderr
