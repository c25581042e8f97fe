"""Nothing that a tool leaves behind is tracked."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.hosts.outside import call

ROOT = Path(__file__).resolve().parents[2]
MB = 1024 * 1024
LEFTOVERS = (
    "*.orig", "*.rej", "*.bak", "*.swp", "*~", "*.pyc", "*.pyo", "*.log", "*.tmp", "*.tsbuildinfo", "*.egg-info", "*.whl", ".DS_Store", ".coverage",
    ".schemathesis", ".hypothesis", ".nox", ".*_cache", ".venv*", "__pycache__", "node_modules", "dist", "build", "htmlcov",
)  # fmt: skip
"""Names of files and folders."""
LARGE: frozenset[str] = frozenset()
"""Files over 1 MB that are meant to be there."""


def tracked() -> list[str]:
    return [name for name in call(("git", "ls-files", "-z"), cwd=ROOT).split("\0") if name and (ROOT / name).exists()]


def leftovers(names: list[str]) -> list[str]:
    return [name for name in names if any(fnmatch(part, pattern) for part in Path(name).parts for pattern in LEFTOVERS)]


def test_no_file_of_a_tool_is_tracked() -> None:
    assert leftovers(tracked()) == []


@pytest.mark.parametrize(
    "name",
    [
        ".schemathesis/cassette.yaml",
        "a/b.orig",
        "frontend/dist/index.html",
        "tests/__pycache__/x.py",
        ".mypy_cache/CACHEDIR.TAG",
    ],
)
def test_a_leftover_is_recognised(name: str) -> None:
    assert leftovers([name, "README.md", "omnimind_ops/build.py"]) == [name]


def test_no_file_is_larger_than_it_should_be() -> None:
    assert {name for name in tracked() if (ROOT / name).stat().st_size > MB} == LARGE
