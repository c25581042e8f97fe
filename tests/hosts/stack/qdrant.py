"""The Qdrant executable of the sample stack: a real one that was named, else the project's own stand-in, built once."""

from __future__ import annotations

import importlib.metadata
import socket
import sys
import tempfile
from pathlib import Path

from tests.qdrant import NAMED, real

from ..cache import kept, key_of, key_of_files, sources
from ..outside import OutsideError, call

ROOT = Path(__file__).resolve().parents[3]
EMBEDDED = ROOT / "omnimind_ops" / "embedded"
BUILD_SECONDS = 600
# `timeout` says 124 when it had to end a program that was still running.
STILL_RUNS = 'timeout 4 "$1"; [ $? = 124 ]'


def qdrant_executable() -> Path:
    """One executable file that serves Qdrant's API: `$OMNIMIND_TEST_QDRANT`, else `python -m omnimind_ops.embedded.build`, cached."""
    if program := real():
        return program
    if not (EMBEDDED / "build.py").is_file():
        raise OutsideError(f"cannot find a Qdrant for the sample stack: no {EMBEDDED / 'build.py'} and no ${NAMED}")
    return kept(f"qdrant-{_key()}", _build)


def _key() -> str:
    return key_of(key_of_files(sources(EMBEDDED), ROOT), importlib.metadata.version("qdrant-edge-py"), sys.version)


def _build(target: Path) -> None:
    """Build, and keep the result only if it runs and is of the sources that its key names."""
    before = _key()
    call((sys.executable, "-m", "omnimind_ops.embedded.build", str(target)), cwd=ROOT, timeout=BUILD_SECONDS)
    target.chmod(0o755)
    if _key() != before:
        raise OutsideError("cannot build the Qdrant stand-in: its sources changed meanwhile; try again")
    with tempfile.TemporaryDirectory(prefix="qdrant-proof-") as storage, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        settings = {"SERVICE__HOST": "127.0.0.1", "SERVICE__HTTP_PORT": str(port), "STORAGE__STORAGE_PATH": storage}
        call(
            ("sh", "-c", STILL_RUNS, "sh", str(target)),
            env={f"QDRANT__{key}": value for key, value in settings.items()},
            cwd=Path(storage),
        )
