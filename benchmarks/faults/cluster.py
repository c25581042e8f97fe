"""The system under test: an embedded one on free ports in a temporary folder, or the one that systemd runs here."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from omnimind_ops import managers, world
from omnimind_ops.catalogue import named, services
from omnimind_ops.health.cache import Cache
from omnimind_ops.health.check import check
from omnimind_ops.health.history import STRICT
from omnimind_ops.managers import Manager, ProcessState
from omnimind_ops.model.health import Report
from omnimind_ops.model.world import World
from omnimind_ops.paths import Paths
from omnimind_ops.runner.history import History
from omnimind_ops.settings import load

WATCHDOG = 6.0
"""Watchdog time in seconds, as in the first measurements of this table; 30 in production."""
UP_SECONDS, DOWN_SECONDS = 300, 120


@dataclass(frozen=True)
class Cluster:
    """A running system. Faults are injected by pid, without help from omnimind's own code."""

    world: World
    manager: Manager

    def process(self, name: str, number: int = 1) -> str:
        """Return the manager's name of a service's process. Under systemd, `redis` is redis-server.service."""
        service = named(self.world, name)
        assert service, f"no service is called {name}"
        return name if name in service.processes else service.processes[number - 1]

    def state(self, name: str) -> ProcessState:
        """Return the state of one process."""
        name = self.process(name)
        return self.manager.states([name])[name]

    def pid(self, name: str) -> int:
        """Return a process's id. Never 0, which would be our own process group."""
        pid = self.state(name).pid
        assert pid > 1, f"{name} does not run"
        return pid

    def pids(self) -> dict[str, int]:
        """Return the id of every process."""
        names = [name for service in services(self.world) for name in service.processes]
        return {name: one.pid for name, one in self.manager.states(names).items()}

    def signal(self, name: str, number: signal.Signals) -> int:
        """Send a signal. Return the pid that received it."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def signal_all(self, name: str, number: signal.Signals) -> int:
        """Send a signal to a process and all its descendants.

        With only its postmaster stopped, PostgreSQL still answers over open connections.
        """
        pid = self.pid(name)
        for one in (*psutil.Process(pid).children(recursive=True), psutil.Process(pid)):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.send_signal(number)
        return pid

    def back(self, name: str, old: int, seconds: float) -> float:
        """Return the seconds until a process other than `old` is ready; infinite if it takes longer than `seconds`."""
        return waited(lambda: (one := self.state(name)).state == "running" and one.pid not in (0, old), seconds)

    def look(self, seconds: float = 3.0) -> Report:
        """Return a fresh health report."""
        return check(self.world, self.manager, Cache(STRICT, ttl=0), seconds=seconds)

    def answers(self, service: str, seconds: float) -> float:
        """Return the seconds until a service's deep probe succeeds; infinite if it takes longer than `seconds`."""
        return waited(lambda: (one := self.look().of(service)) is not None and not one.bad and one.alive, seconds)

    def acts(self) -> int:
        """Return the number of recovery actions of the guard."""
        runs = History(self.world.journal).runs()
        return sum(record.started is not None for run in runs if run.plan.name == "recover" for record in run.steps)

    def environment_of(self, name: str, words: Mapping[str, str | None]) -> None:
        """Change a process's environment from its next start; None removes a variable."""
        if self.world.native:
            _drop_in(
                name,
                "environment",
                "".join(f"Environment={key}={value}\n" for key, value in words.items() if value is not None),
            )
            return
        file = self.world.config / "programs.json"
        every = json.loads(file.read_text())
        merged = {**every[name]["environment"], **words}
        every[name]["environment"] = {key: value for key, value in merged.items() if value is not None}
        file.write_text(json.dumps(every))


def waited(good: Callable[[], bool], seconds: float, pause: float = 0.02) -> float:
    """Return the seconds until `good` is true; infinite if it takes longer than `seconds`."""
    began = time.monotonic()
    while not good():
        if time.monotonic() - began > seconds:
            return float("inf")
        time.sleep(pause)
    return time.monotonic() - began


def free_ports(count: int) -> list[int]:
    """Return ports without a listener."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run an embedded system for the block. Afterwards its processes and files are removed."""
    place = Path(tempfile.mkdtemp(prefix="om-faults-"))
    place.chmod(0o755)
    first, second, third, *others = free_ports(7)
    names = ("FRONTEND_PORT", "REDIS_PORT", "POSTGRES_PORT", "QDRANT_PORT")
    chosen = {f"OMNIMIND_{name}": str(port) for name, port in zip(names, others, strict=True)}
    os.environ |= {
        **chosen,
        "OMNIMIND_BACKEND_PORTS": f"{first},{second},{third}",
        "XDG_STATE_HOME": str(place),
        "OMNIMIND_WATCHDOG_SECONDS": f"{WATCHDOG:g}",
    }
    os.environ["OMNIMIND_OPEN_READS"] = "yes"  # searches need no login here
    try:
        _omnimind("up", UP_SECONDS)
        found = world.find(load(), Paths())
        yield Cluster(found, managers.of(found))
    finally:
        _omnimind("down", DOWN_SECONDS)
        shutil.rmtree(place, ignore_errors=True)


def _omnimind(word: str, seconds: float) -> None:
    done = subprocess.run((sys.executable, "-m", "omnimind_ops", word), timeout=seconds, capture_output=True, text=True)
    if done.returncode not in (0, 2):
        print(f"omnimind {word} ended with {done.returncode}:\n{done.stderr[-2000:]}", file=sys.stderr)


@contextmanager
def native() -> Iterator[Cluster]:
    """Use the system that systemd runs on this machine. Afterwards its units are restored.

    Only for a test host: real requests and stores are affected.
    """
    found = world.find(load(), Paths())
    assert found.native, "systemd does not run omnimind on this machine"
    running = Cluster(found, managers.of(found))
    ours = [name for service in services(found) for name in service.processes if name.startswith("omnimind-")]
    try:
        for unit in ours:
            _drop_in(unit, "watchdog", f"WatchdogSec={WATCHDOG:g}\nEnvironment=OMNIMIND_OPEN_READS=yes\n")
        running.manager.restart(ours)
        yield running
    finally:
        for unit in ours:
            _drop_in(unit, "watchdog", "")
        running.manager.restart(ours)


def _drop_in(unit: str, name: str, lines: str) -> None:
    """Write a drop-in that lasts until the next reboot; with no lines, remove it."""
    file = Path("/run/systemd/system") / f"{unit}.d" / f"faults-{name}.conf"
    file.unlink(missing_ok=True)
    if lines:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"[Service]\n{lines}")
    subprocess.run(("systemctl", "daemon-reload"), check=True)
