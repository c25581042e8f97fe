"""One stand-in process on a free loopback port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from qdrant_client import QdrantClient

START_SECONDS = 20
ROOT = Path(__file__).parents[2]
GIVEN = os.environ.get("OMNIMIND_QDRANT_STANDIN")
WORDS = (GIVEN,) if GIVEN else (sys.executable, "-m", "omnimind_ops.embedded.qdrant")
"""The modules, or the executable file given: then all tests run against that."""


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """One stand-in process; `home` keeps its storage and snapshots over restarts."""

    home: Path
    words: tuple[str, ...] = WORDS
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
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "error",
            "QDRANT__SERVICE__HOST": "127.0.0.1",
            "QDRANT__SERVICE__HTTP_PORT": str(self.port),
            "QDRANT__STORAGE__STORAGE_PATH": str(self.storage),
            "QDRANT__STORAGE__SNAPSHOTS_PATH": str(self.snapshots),
            **self.env,
        }
        self.home.mkdir(exist_ok=True)
        self.process = subprocess.Popen(self.words, env=env, stderr=subprocess.PIPE, cwd=self.home)
        return self.process

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
        process.kill()
        said = process.stderr.read().decode() if process.stderr else ""
        self.kill()
        raise AssertionError(f"the server did not get ready: {said}")

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
        if self.process.stderr:
            self.process.stderr.close()
        self.process = None

    def client(self, **options: object) -> QdrantClient:
        """A new client, which does not ask for the version: it would do so in a thread, while a test stops the server."""
        return QdrantClient(url=self.url, timeout=30, check_compatibility=False, **options)  # type: ignore[arg-type]
