"""The guard as a process: what it says to who watches it, how it ends, what it leaves.

Its system's stores run, its manager does not.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from omnimind_ops.tools.notify import notify, watchdog_seconds
from tests.health_world import embedded_home, environment
from tests.services import Services


@pytest.fixture(scope="module")
def home(stores: Services, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A system whose manager does not run."""
    return embedded_home(stores, tmp_path_factory.mktemp("home"))


@contextmanager
def listener(place: Path) -> Iterator[socket.socket]:
    """Whoever listens to sd_notify."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.bind(str(place / "notify.sock"))
        link.settimeout(30)
        yield link
        (place / "notify.sock").unlink()


def test_it_says_that_it_is_ready_that_it_lives_and_that_it_stops(home: Path, tmp_path: Path) -> None:
    """And ends with 0 soon after SIGTERM, whatever it does."""
    with listener(tmp_path) as link:
        command = (
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {environment(home)['PYTHONPATH']!r}); import runpy; runpy.run_module('omnimind_ops.flows.guard', run_name='__main__')",
        )
        process = subprocess.Popen(
            command,
            env={**environment(home), "NOTIFY_SOCKET": str(tmp_path / "notify.sock")},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert link.recv(100) == b"READY=1"
            assert {link.recv(100) for _ in range(3)} == {b"WATCHDOG=1"}
            process.send_signal(signal.SIGTERM)
            result = b""
            while result != b"STOPPING=1":
                result = link.recv(100)
            _, errors = process.communicate(timeout=20)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 0, errors
    assert "checks every 10 s" in errors and "Traceback" not in errors
    kept = json.loads((home / "omnimind/run/health.json").read_text())
    assert kept["services"]["postgres"]["outcome"]["useful"] is True


def test_the_command_runs_it_too_and_tells_json_when_asked(home: Path) -> None:
    """omnimind guard --json."""
    command = (sys.executable, "-m", "omnimind_ops", "guard", "--json")
    with subprocess.Popen(command, env=environment(home), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["text"] == "checks every 10 s"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_a_listener_that_is_stuck_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its queue is full: a ping that would wait is dropped, the next one is as good."""
    with listener(tmp_path):
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify.sock"))
        began = time.monotonic()
        for _ in range(2000):
            notify("WATCHDOG=1")
        assert time.monotonic() - began < 30


def test_nobody_listening_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a developer's machine."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify("READY=1")
    monkeypatch.delenv("NOTIFY_SOCKET")
    notify("READY=1")


def test_the_watchdog_of_another_process_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """sd_watchdog_enabled(3)."""
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert watchdog_seconds() == 30.0
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid() + 1))
    assert watchdog_seconds() is None
