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
        return {name: state.pid for name, state in self.manager.states(names).items()}

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
        for process in (*psutil.Process(pid).children(recursive=True), psutil.Process(pid)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        return pid

    def seconds_until_replaced(self, name: str, old: int, seconds: float) -> float:
        """Return the seconds until a process other than `old` is ready; infinite if it takes longer than `seconds`."""
        return seconds_until(
            lambda: (current := self.state(name)).state == "running" and current.pid not in (0, old), seconds
        )

    def health(self, seconds: float = 3.0) -> Report:
        """Return a fresh health report."""
        return check(self.world, self.manager, Cache(STRICT, ttl=0), seconds=seconds)

    def seconds_until_healthy(self, service: str, seconds: float) -> float:
        """Return the seconds until a service's deep probe succeeds; infinite if it takes longer than `seconds`."""
        return seconds_until(
            lambda: (state := self.health().of(service)) is not None and not state.bad and state.alive, seconds
        )

    def recovery_actions(self) -> int:
        """Return the number of recovery actions of the guard."""
        runs = History(self.world.journal).runs()
        return sum(record.started is not None for run in runs if run.plan.name == "recover" for record in run.steps)

    def set_environment(self, name: str, variables: Mapping[str, str | None]) -> None:
        """Change a process's environment from its next start; None removes a variable."""
        if self.world.native:
            _drop_in(
                name,
                "environment",
                "".join(f"Environment={key}={value}\n" for key, value in variables.items() if value is not None),
            )
            return
        file = self.world.config / "programs.json"
        programs = json.loads(file.read_text())
        merged = {**programs[name]["environment"], **variables}
        programs[name]["environment"] = {key: value for key, value in merged.items() if value is not None}
        file.write_text(json.dumps(programs))


def seconds_until(condition: Callable[[], bool], seconds: float, pause: float = 0.02) -> float:
    """Return the seconds until `condition` is true; infinite if it takes longer than `seconds`."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            return float("inf")
        time.sleep(pause)
    return time.monotonic() - began


def free_ports(count: int) -> list[int]:
    """Return ports without a listener."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(listener.getsockname()[1]) for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run an embedded system for the block. Afterwards its processes and files are removed."""
    folder = Path(tempfile.mkdtemp(prefix="om-faults-"))
    folder.chmod(0o755)
    first, second, third, *store_ports = free_ports(7)
    names = ("FRONTEND_PORT", "REDIS_PORT", "POSTGRES_PORT", "QDRANT_PORT")
    ports = {f"OMNIMIND_{name}": str(port) for name, port in zip(names, store_ports, strict=True)}
    os.environ |= {
        **ports,
        "OMNIMIND_BACKEND_PORTS": f"{first},{second},{third}",
        "XDG_STATE_HOME": str(folder),
        "OMNIMIND_WATCHDOG_SECONDS": f"{WATCHDOG:g}",
    }
    os.environ["OMNIMIND_OPEN_READS"] = "yes"  # searches need no login here
    try:
        _omnimind("up", UP_SECONDS)
        system = world.find(load(), Paths())
        yield Cluster(system, managers.of(system))
    finally:
        _omnimind("down", DOWN_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def _omnimind(command: str, seconds: float) -> None:
    done = subprocess.run(
        (sys.executable, "-m", "omnimind_ops", command), timeout=seconds, capture_output=True, text=True
    )
    if done.returncode not in (0, 2):
        print(f"omnimind {command} ended with {done.returncode}:\n{done.stderr[-2000:]}", file=sys.stderr)


@contextmanager
def native() -> Iterator[Cluster]:
    """Use the system that systemd runs on this machine. Afterwards its units are restored.

    Only for a test host: real requests and stores are affected.
    """
    system = world.find(load(), Paths())
    assert system.native, "systemd does not run omnimind on this machine"
    running = Cluster(system, managers.of(system))
    units = [name for service in services(system) for name in service.processes if name.startswith("omnimind-")]
    try:
        for unit in units:
            _drop_in(unit, "watchdog", f"WatchdogSec={WATCHDOG:g}\nEnvironment=OMNIMIND_OPEN_READS=yes\n")
        running.manager.restart(units)
        yield running
    finally:
        for unit in units:
            _drop_in(unit, "watchdog", "")
        running.manager.restart(units)


def _drop_in(unit: str, name: str, lines: str) -> None:
    """Write a drop-in that lasts until the next reboot; with no lines, remove it."""
    file = Path("/run/systemd/system") / f"{unit}.d" / f"faults-{name}.conf"
    file.unlink(missing_ok=True)
    if lines:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"[Service]\n{lines}")
    subprocess.run(("systemctl", "daemon-reload"), check=True)
