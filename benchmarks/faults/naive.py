"""The negative control: the same application as a plain `uvicorn --workers 2` that is restarted when it ends.

The same faults must do damage here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from benchmarks.faults.block import blocked
from benchmarks.faults.cluster import WATCHDOG, Cluster, free_ports, seconds_until
from benchmarks.faults.load import Load
from benchmarks.faults.rows import AFTER, BEFORE, Row

RESTART = 0.1
"""systemd's default RestartSec."""
PATIENCE = 2 * WATCHDOG


@dataclass
class Unit:
    """Emulates a systemd unit with Restart=always: when the main process ends, its whole process group is killed."""

    command: tuple[str, ...]
    environment: dict[str, str]
    stopped: threading.Event = field(default_factory=threading.Event)
    running: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Start it, and restart it whenever it ends."""
        while not self.stopped.is_set():
            self.running = subprocess.Popen(
                self.command,
                env=self.environment,
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            while self.running.poll() is None and not self.stopped.wait(0.02):
                pass
            _end(self.running)
            self.stopped.wait(RESTART)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def naive(cluster: Cluster) -> Iterator[tuple[Unit, int]]:
    """Run it for the block, on the cluster's stores."""
    (port,) = free_ports(1)
    world = cluster.world
    settings = {
        "OMNIMIND_PORT": str(port),
        "OMNIMIND_POSTGRES_DSN": world.postgres_dsn,
        "OMNIMIND_REDIS_URL": world.redis_url,
        "OMNIMIND_QDRANT_URL": world.qdrant_url,
        "OMNIMIND_QDRANT_API_KEY": world.qdrant_key,
        "OMNIMIND_ENGINE": str(world.engine_socket),
        "OMNIMIND_UPLOADS": world.system.uploads,
    }
    command = (
        sys.executable,
        "-m",
        "uvicorn",
        "benchmarks.faults.naive:create",
        "--factory",
        "--workers",
        "2",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    )
    unit = Unit(command, {**os.environ, **settings})
    thread = threading.Thread(target=unit.run)
    thread.start()
    try:
        seconds_until(lambda: len(_workers(port)) == 2, 60, 0.2)
        yield unit, port
    finally:
        unit.stopped.set()
        thread.join()


def create() -> object:
    """Return the application; called by uvicorn's own processes."""
    from backend.main import create_app
    from backend.settings import load

    return create_app(load(os.environ))


def _workers(port: int) -> set[int]:
    with Load(port, rate=100) as load:
        time.sleep(0.5)
    return set(load.by)


def killed(cluster: Cluster) -> Row:
    """Row 1's fault on its main process: requests must be refused."""
    row = Row("1", "control: main process dies", "kill -9", 0.0)
    with naive(cluster) as (unit, port):
        with Load(port) as load:
            time.sleep(BEFORE)
            assert unit.running
            unit.running.kill()
            time.sleep(AFTER + 3)
        row.add(load.worst, load)
    return row


def loop_blocked(cluster: Cluster) -> Row:
    """Row 4's fault on one of its workers: it must stay unnoticed."""
    row = Row("4", "control: an event loop is blocked", "ptrace on its thread", WATCHDOG)
    with naive(cluster) as (_, port):
        pid = min(_workers(port))
        try:
            with blocked(pid, 60):
                row.figures.append(seconds_until(lambda: not os.path.exists(f"/proc/{pid}"), PATIENCE))
        except PermissionError as error:
            row.notes.append(str(error))
    return row


CONTROLS = (killed, loop_blocked)
