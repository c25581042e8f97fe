"""Python interpreters for the services' venv: new enough, and accessible to users other than their owner."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from omnimind_ops.model.facts import Interpreter
from omnimind_ops.tools.shell import run

OLDEST = (3, 11)
NEWEST = (3, 13)  # install.sh has the same rules and the same candidates
VERSIONS = tuple(f"{OLDEST[0]}.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1))
"""Each lock has a wheel of each of its packages for each of these versions (tests/deploy/test_locks.py)."""
PYTHONS = f"Python {', '.join(VERSIONS[:-1])} or {VERSIONS[-1]}"
CANDIDATES = (
    "/opt/omnimind/python/bin/python3",
    "/opt/omnimind/python/*/bin/python3",  # layout of `uv python install --install-dir /opt/omnimind/python`
    "/usr/bin/python3.12",
    "/usr/bin/python3.13",
    "/usr/bin/python3.11",
    "/usr/bin/python3",
    "/usr/local/bin/python3.12",
    "/usr/local/bin/python3.13",
    "/usr/local/bin/python3.11",
    "/usr/local/bin/python3",
)
LINKS = 40  # the limit of Linux
HOMES = ("/home", "/root")
PROBE = """import sys
print('.'.join(map(str, sys.version_info[:3])), sys.version_info[3].replace('final', ''))
import ctypes, sqlite3, ssl, sysconfig, zlib"""
"""Prints the version, and the stage of a pre-release; then imports what the services need.

A minimal Python, or one built without headers, may lack some of these modules.
"""


def interpreters(requested: str = "") -> tuple[Interpreter, ...]:
    """Return the requested interpreter, or every candidate found; best first, those with trouble last."""
    paths = (requested,) if requested else tuple(path for pattern in CANDIDATES for path in _matching(pattern))
    return tuple(sorted((interpreter(path) for path in paths), key=lambda item: bool(item.trouble)))


def _matching(pattern: str) -> list[str]:
    return sorted((str(path) for path in Path("/").glob(pattern.lstrip("/"))), reverse=True)


def interpreter(path: str, homes: Sequence[str] = HOMES) -> Interpreter:
    """Return the facts of one interpreter; it is run once, isolated."""
    real = str(Path(path).resolve())
    if not Path(real).is_file():
        return Interpreter(path, "", real, "there is no such file")
    completed = run((path, "-I", "-c", PROBE), timeout=20, check=False)
    version, _, stage = completed.out.strip().partition(" ")
    if not version:
        return Interpreter(path, "", real, "it does not run")
    number = tuple(int(part) for part in version.split(".")[:2])
    if number < OLDEST:
        return Interpreter(path, version, real, f"it is Python {version}, older than {OLDEST[0]}.{OLDEST[1]}")
    if number > NEWEST:
        return Interpreter(
            path,
            version,
            real,
            f"it is Python {version}, newer than {NEWEST[0]}.{NEWEST[1]}: its packages are not in the locks",
        )
    if stage:
        return Interpreter(path, version, real, f"it is a pre-release of Python {version} ({stage})")
    if not completed.ok:
        return Interpreter(
            path, version, real, f"its standard library is not complete (install python{version.rpartition('.')[0]})"
        )
    return Interpreter(path, version, real, _unreachable(path, homes))


def _unreachable(path: str, homes: Sequence[str]) -> str:
    """Return why another user could not execute it: a unit would fail with 203/EXEC. Every link on the path counts."""
    for step in _path_steps(Path(path)):
        if any(step.is_relative_to(home) for home in homes):
            return f"it lives in a home directory ({step}), which services cannot see (ProtectHome)"
        try:
            if not step.stat().st_mode & stat.S_IXOTH:
                return f"other users may not pass {step}"
        except OSError as error:
            return f"{step}: {error.strerror}"
    return ""


def _path_steps(path: Path) -> list[Path]:
    """Return the file and all its parent folders: as typed, after each symbolic link, and at the final target."""
    visited: list[Path] = []
    current = path.absolute()
    for _ in range(LINKS):
        visited += [current, *current.parents]
        if not current.is_symlink():
            break
        current = current.parent / current.readlink()
    real = path.resolve()
    return list(dict.fromkeys([*visited, real, *real.parents]))
