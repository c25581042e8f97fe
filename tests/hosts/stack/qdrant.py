"""The Qdrant executable of the sample stack: a real one that was named, else the project's own stand-in, built once."""

from __future__ import annotations

import importlib.metadata
import socket
import sys
import tempfile
from pathlib import Path

from tests.qdrant import real

from ..cache import found, kept, key_of, key_of_files, sources
from ..outside import OutsideError, call

ROOT = Path(__file__).resolve().parents[3]
STANDIN = ROOT / "omnimind_ops" / "embedded" / "qdrant"
BUILD = ROOT / "tests" / "qdrant_standin"
PARENT = ROOT / "omnimind_ops" / "tools" / "parent.py"
BUILD_SECONDS = 600
# `timeout` says 124 when it had to end a program that was still running.
STILL_RUNS = 'timeout 4 "$1"; [ $? = 124 ]'


def qdrant_executable() -> Path:
    """One executable file that serves Qdrant's API:

    `$OMNIMIND_TEST_QDRANT`, else `python -m tests.qdrant_standin.build`, cached.
    """
    if program := real():
        return program
    return kept(f"qdrant-{_key()}", _build)


def cached() -> Path | None:
    """What `qdrant_executable` returns, where nothing has to be built."""
    return real() or found(f"qdrant-{_key()}")


def _key() -> str:
    files = [*sources(STANDIN), BUILD / "build.py", BUILD / "executable.py", PARENT]
    return key_of(key_of_files(files, ROOT), importlib.metadata.version("qdrant-edge-py"), sys.version)


def _build(target: Path) -> None:
    """Build, and keep the result only if it runs and is of the sources that its key names."""
    before = _key()
    call((sys.executable, "-m", "tests.qdrant_standin.build", str(target)), cwd=ROOT, timeout=BUILD_SECONDS)
    target.chmod(0o755)
    if _key() != before:
        raise OutsideError("cannot build the Qdrant stand-in: its sources changed meanwhile; try again")
    with tempfile.TemporaryDirectory(prefix="qdrant-proof-") as storage, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        settings = {"SERVICE__HOST": "127.0.0.1", "SERVICE__HTTP_PORT": str(port), "STORAGE__STORAGE_PATH": storage}
        call(
            ("sh", "-c", STILL_RUNS, "sh", str(target)),
            # What it unpacks (45 MB) stays where it is when `timeout` ends it.
            env={f"QDRANT__{key}": value for key, value in settings.items()} | {"TMPDIR": storage},
            cwd=Path(storage),
        )
