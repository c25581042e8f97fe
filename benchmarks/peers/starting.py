"""`omnimind up` against the start script that it replaces: the same data, the same programs, in turns.

Both start an existing system (with its database and tables). The script starts the programs of the embedded system,
with a plain `uvicorn --workers 2` for each port; it has no guard.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import start
from benchmarks.peers.progress import report
from tests import listening

SEQUENCE = Path(__file__).with_name("start_sequence.sh")
SEQUENCE_SECONDS = 900
SHARED = ("postgres", "redis", "qdrant", "engine", "frontend")


@dataclass
class StartTimes:
    """Seconds of each start until everything is ready.

    `calm` is the part of `up` that waits for low CPU pressure; the script waits too.
    """

    up: list[float] = field(default_factory=list)
    calm: list[float] = field(default_factory=list)
    bash: list[float] = field(default_factory=list)


def measure(rounds: int, times: StartTimes) -> None:
    """Fill `times`, which keeps the results if this is interrupted."""
    with tempfile.TemporaryDirectory(prefix="om-start-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        environment = start.environment(Path(home))
        sequence = Path(home) / "sequence"
        try:
            start.up(environment)
            start.run(environment, "down")
            write(json.loads((Path(home) / "omnimind/config/programs.json").read_text()), environment, sequence)
            for number in range(rounds):
                for way in (_up, _bash) if number % 2 == 0 else (_bash, _up):
                    way(environment, sequence, times)
                report(
                    f"start {number + 1} of {rounds}: omnimind up {times.up[-1]:.1f} s ({times.calm[-1]:.1f} s of it until calm), the script {times.bash[-1]:.1f} s"
                )
        finally:
            stop(sequence)
            start.run(environment, "down", check=False)


def _up(environment: dict[str, str], _: Path, times: StartTimes) -> None:
    seconds, result = start.up(environment)
    times.up.append(seconds)
    times.calm.append(float(result["calm"]["seconds"]))
    start.run(environment, "down")


def _bash(environment: dict[str, str], sequence: Path, times: StartTimes) -> None:
    began = time.monotonic()
    ports = environment["OMNIMIND_BACKEND_PORTS"].split(",")
    done = subprocess.run(
        (SEQUENCE, sequence, *ports), capture_output=True, text=True, timeout=SEQUENCE_SECONDS, check=False
    )
    seconds = time.monotonic() - began
    stop(sequence)
    if done.returncode:
        logs = "\n".join(
            f"{log.name}: {log.read_text(errors='replace')[-800:]}" for log in sorted(sequence.glob("*.log"))
        )
        raise RuntimeError(
            f"the start sequence ended with {done.returncode}\n{done.stdout}{done.stderr[-800:]}\n{logs}"
        )
    times.bash.append(seconds)


def write(programs: Mapping[str, Mapping[str, Any]], environment: Mapping[str, str], folder: Path) -> None:
    """Write one executable for each process that the script starts."""
    folder.mkdir()
    for name in SHARED:
        _write(folder / f"{name}.start", programs[name], environment)
    for port in environment["OMNIMIND_BACKEND_PORTS"].split(","):
        worker = next(
            program
            for program in programs.values()
            if program["environment"].get("OMNIMIND_WORKER") and program["environment"]["OMNIMIND_PORT"] == port
        )
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
            port,
        )
        _write(folder / f"backend-{port}.start", {**worker, "words": command}, environment)


def _write(path: Path, program: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    settings = {key: value for key, value in program["environment"].items() if key != "WATCHDOG_USEC"}
    kind, _, path = program["socket"].partition(":")
    command = listening.command(path, *program["words"]) if kind == "unix" else program["words"]
    variables = [
        f"{key}={value}"
        for key, value in {
            "PATH": environment["PATH"],
            "HOME": environment["HOME"],
            "LC_ALL": "C.UTF-8",
            **settings,
        }.items()
    ]
    become = ("setpriv", f"--reuid={program['user']}", "--regid=nogroup", "--clear-groups") if program["user"] else ()
    path.write_text(
        f"#!/bin/sh\ncd {shlex.quote(program['folder'])}\nexec {shlex.join((*become, 'env', '-i', *variables, *command))}\n"
    )
    path.chmod(0o700)  # it contains passwords


def stop(folder: Path) -> None:
    """End the processes that the script started, stores gracefully, and wait until they are gone."""
    groups = [int(file.read_text()) for file in sorted(folder.glob("*.pid"))]
    for number in (signal.SIGINT, signal.SIGKILL):  # INT: PostgreSQL's fast shutdown
        for group in groups:
            with suppress(ProcessLookupError):
                os.killpg(group, number)
        end = time.monotonic() + 20
        while time.monotonic() < end and any(_is_alive(group) for group in groups):
            time.sleep(0.1)
    for file in folder.glob("*.pid"):
        file.unlink()


def _is_alive(group: int) -> bool:
    with suppress(ProcessLookupError):
        os.killpg(group, 0)
        return True
    return False


def ratios(times: StartTimes) -> dict[str, float]:
    """Return the median ratio of their time to ours, pair by pair, and our seconds."""
    pairs = list(zip(times.up, times.bash, strict=False))
    if not pairs:
        return {}
    ratio = statistics.median(bash / up for up, bash in pairs)
    return {
        "up_vs_bash": round(ratio, 1),
        "up_s": round(statistics.median(times.up), 1),
        "up_calm_s": round(statistics.median(times.calm), 1),
    }
