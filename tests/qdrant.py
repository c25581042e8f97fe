"""The Qdrant that tests talk to: the program that `$OMNIMIND_TEST_QDRANT` names, else the project's stand-in."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

NAMED = "OMNIMIND_TEST_QDRANT"
START_SECONDS = 60
ROOT = Path(__file__).parents[1]
STANDIN = (sys.executable, "-m", "omnimind_ops.embedded.qdrant")


def real() -> Path | None:
    """The real program, where one is named."""
    named = os.environ.get(NAMED)
    return Path(named).resolve(strict=True) if named else None


def words() -> tuple[str, ...]:
    """What starts it."""
    program = real()
    return (str(program),) if program else STANDIN


def settings(storage: Path, snapshots: Path, port: int, key: str = "") -> dict[str, str]:
    """Its environment: on loopback only, and silent about itself."""
    return {
        "PYTHONPATH": str(ROOT),
        "QDRANT__SERVICE__HOST": "127.0.0.1",
        "QDRANT__SERVICE__HTTP_PORT": str(port),
        "QDRANT__SERVICE__GRPC_PORT": str(free_port()),
        "QDRANT__STORAGE__STORAGE_PATH": str(storage),
        "QDRANT__STORAGE__SNAPSHOTS_PATH": str(snapshots),
        "QDRANT__TELEMETRY_DISABLED": "true",
        **({"QDRANT__SERVICE__API_KEY": key} if key else {}),
    }


def on_path(folder: Path) -> str:
    """A PATH on which the named program is called `qdrant`; today's where none is named."""
    program = real()
    if program is None:
        return os.environ["PATH"]
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    if not (folder / "qdrant").exists():  # it may be running
        shutil.copy(program, folder / "qdrant")
    return f"{folder}:{os.environ['PATH']}"


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """One process; `home` keeps its storage and snapshots over restarts."""

    home: Path
    words: tuple[str, ...] = field(default_factory=words)
    env: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def storage(self) -> Path:
        """Its storage directory."""
        return self.home / "storage"

    @property
    def snapshots(self) -> Path:
        """Its snapshots directory."""
        return self.home / "snapshots"

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process without waiting."""
        env = {**os.environ, "PYTHONWARNINGS": "error", **settings(self.storage, self.snapshots, self.port), **self.env}
        self.home.mkdir(exist_ok=True)
        with tempfile.TemporaryFile() as log:
            self.process = subprocess.Popen(self.words, env=env, stdout=log, stderr=log, cwd=self.home)
            self.log = os.dup(log.fileno())
        return self.process

    def said(self) -> str:
        """What it has written to stdout and stderr."""
        return os.pread(self.log, 1 << 20, 0).decode(errors="replace")

    def start(self) -> Server:
        """Start the process and wait until it is ready."""
        process = self.launch()
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return self
            except httpx.TransportError:
                if process.poll() is not None:
                    break
                time.sleep(0.01)
        result = self.said()
        self.kill()
        raise AssertionError(f"the server did not get ready: {result}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, return the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        self.kill()
        return code

    def kill(self) -> None:
        """End it the hard way, if it runs."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        os.close(self.log)
        self.process = None

    def version(self) -> str:
        """What it says of itself."""
        return str(httpx.get(f"{self.url}/", timeout=5).json()["version"])

    def client(self, **options: object) -> QdrantClient:
        """A new client. It does not compare versions: a user's container can be of any from 1.12 on."""
        from qdrant_client import QdrantClient  # not for the demo, which only asks which program is named

        return QdrantClient(url=self.url, timeout=30, check_compatibility=False, **options)  # type: ignore[arg-type]


@contextmanager
def running(home: Path) -> Iterator[Server]:
    """A server for the block."""
    server = Server(home)
    try:
        yield server.start()
    finally:
        server.kill()
