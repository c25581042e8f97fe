"""One embedded system of a test's own: its own state folder, its own free ports, started by the real command as any
user.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from omnimind_ops.embedded.programs import MARK
from tests.qdrant import on_path

ROOT = Path(__file__).parents[2]
SECONDS = 240


def free_ports(count: int) -> list[int]:
    """So many loopback ports that nobody listens on, all different."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def as_user(user: str | None) -> dict[str, Any]:
    """What makes subprocess drop to a user."""
    account = pwd.getpwnam(user) if user else None
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def python_for(user: str, home: Path) -> str:
    """An interpreter with our packages that this user may run: ours, or the distribution's of the same version in a
    venv that sees our packages.
    """
    try:
        subprocess.run((sys.executable, "-c", ""), check=True, **as_user(user))
        return sys.executable
    except (PermissionError, subprocess.CalledProcessError):
        other = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if not Path(other).exists():
        why = f"{user} can run neither {sys.executable} nor {other}, which is not installed"
        assert os.environ.get("OMNIMIND_REQUIRE_HOSTS") != "1", why
        pytest.skip(why)
    subprocess.run((other, "-m", "venv", "--without-pip", str(home / "venv")), check=True)
    packages = home / f"venv/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    (packages / "ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return str(home / "venv/bin/python")


@dataclass
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def result(self) -> dict[str, Any]:
        """The data of the final answer."""
        return next(event["data"] for event in reversed(self.events) if event["kind"] == "result")

    @property
    def problem(self) -> dict[str, Any]:
        """The Problem that was shown."""
        return next(event for event in reversed(self.events) if event["kind"] == "problem")

    def ok(self) -> Said:
        """Insist on exit code 0."""
        assert self.code == 0, f"exit {self.code}\n{self.err}\n{self.out}"
        return self


@dataclass
class System:
    """An embedded system; `user` runs it, None for whoever runs the tests."""

    user: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="om embedded %d 'x' \"y\"-")))
    ports: list[int] = field(default_factory=lambda: free_ports(7))
    python: str = sys.executable

    def __post_init__(self) -> None:
        self.home.chmod(0o755)
        if self.user:
            self.python = python_for(self.user, self.home)
            shutil.chown(self.home, self.user)

    @property
    def state(self) -> Path:
        """Where it keeps everything."""
        return self.home / "omnimind"

    @property
    def backends(self) -> list[int]:
        """Ports of the backends."""
        return self.ports[:3]

    def env(self) -> dict[str, str]:
        """What its commands are started with."""
        backends, rest = ",".join(map(str, self.backends)), self.ports[3:]
        names = ("FRONTEND_PORT", "REDIS_PORT", "POSTGRES_PORT", "QDRANT_PORT")
        words = {
            "PATH": on_path(self.home / "real"),
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        words |= {
            "OMNIMIND_BACKEND_PORTS": backends,
            **{f"OMNIMIND_{name}": str(port) for name, port in zip(names, rest, strict=True)},
        }
        return {**words, **self.environment}

    def start(self, *argv: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Start a command without waiting."""
        return subprocess.Popen(
            (self.python, "-m", "omnimind_ops", *argv),
            env=self.env(),
            cwd="/",
            text=True,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **as_user(self.user),
        )  # type: ignore[call-overload, no-any-return]

    def run(self, *arguments: str, seconds: float = SECONDS, given: str | None = None) -> Said:
        """Run a command to its end; `given` comes on its stdin."""
        process = self.start(*arguments, stdin=subprocess.DEVNULL if given is None else subprocess.PIPE)
        try:
            out, err = process.communicate(given, timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(f"{arguments} did not end in {seconds} s\n{err}\n{out}") from None
        return Said(process.returncode, out, err)

    def up(self, *options: str) -> dict[str, Any]:
        """Bring it up; returns the answer."""
        return self.run("up", "--json", *options).ok().result

    def service(self, name: str) -> dict[str, Any]:
        """One service, as `status --json` tells."""
        services = self.run("status", "--json").result["services"]
        return next(entry for entry in services if entry["name"] == name)

    def pids(self, name: str) -> list[int]:
        """The processes of a service."""
        return [element["pid"] for element in self.service(name)["processes"]]

    def supervisor(self) -> int:
        """Supervisor's process."""
        return int((self.state / "run/supervisord.pid").read_text())

    def processes(self) -> list[psutil.Process]:
        """Every living process of it, found as a stranger would: by the folder in its environment, command line or
        working folder.
        """
        return [item for item in psutil.process_iter() if item.pid != os.getpid() and _belongs(item, str(self.state))]

    def close(self) -> None:
        """End it, whatever became of it."""
        for _ in range(3):
            for process in sorted(self.processes(), key=lambda one: "supervisord" not in " ".join(_command(one))):
                try:
                    process.kill()
                except psutil.Error:
                    pass
            psutil.wait_procs(self.processes(), timeout=5)
        shutil.rmtree(self.home, ignore_errors=True)


def wait(what: str, ready: Callable[[], bool], seconds: float = 60) -> float:
    """Wait until something is so; returns how long that took."""
    began = time.monotonic()
    while not ready():
        assert time.monotonic() - began < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - began


def _belongs(process: psutil.Process, state: str) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return (
            process.environ().get(MARK) == state
            or any(state in word for word in process.cmdline())
            or process.cwd().startswith(state)
        )
    except psutil.Error:
        return False


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
