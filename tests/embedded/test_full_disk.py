"""The disk of an embedded system is full: nothing falls over, and with the room everything comes back by itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.embedded.system import System, wait

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system of its own")


@pytest.fixture
def system() -> Iterator[System]:
    """A running system with 700 MB for all that it keeps."""
    system = System()
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=700m,mode=755", "tmpfs", str(system.home)), check=True)
    try:
        system.up()
        yield system
    finally:
        system.run("down")
        for process in system.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
        subprocess.run(("umount", "--lazy", str(system.home)), check=True)
        system.close()


def fill(home: Path) -> Path:
    file = home / "fill"
    with file.open("wb") as out, contextlib.suppress(OSError):
        while True:
            out.write(b"\0" * (1 << 20))
            out.flush()
    return file


def states(system: System) -> dict[str, str]:
    said = system.run("health", "--json")
    return {reading["service"]: reading["state"] for reading in said.result["services"]}


def test_a_full_disk_ends_nothing_for_good(system: System) -> None:
    supervisor = system.supervisor()
    file = fill(system.home)
    for name in ("postgres", "qdrant", "redis"):
        os.kill(system.pids(name)[0], signal.SIGKILL)
    wait("PostgreSQL that cannot start", lambda: system.service("postgres")["state"] != "running")
    refused = system.run("up", "--json", seconds=400)
    assert refused.code != 0 and '"kind": "problem"' in refused.err + refused.out, refused.err
    assert "Traceback" not in refused.err + refused.out
    assert psutil.pid_exists(supervisor) and system.supervisor() == supervisor
    file.unlink()
    wait("all to come back", lambda: set(states(system).values()) <= {"ready", "degraded"}, 120)
    assert system.supervisor() == supervisor
