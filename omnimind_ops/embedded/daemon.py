"""Supervisor as a daemon: start it, check it, stop it. No other module knows its address."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from omnimind_ops.embedded import programs
from omnimind_ops.embedded.home import Home
from omnimind_ops.managers.files import tail
from omnimind_ops.managers.rpc import call
from omnimind_ops.model.problem import Problem
from omnimind_ops.tools.shell import spawn

START_SECONDS, STOP_SECONDS = 30.0, 90.0
PAUSE = 0.01


def runs(home: Home) -> bool:
    """Return whether supervisor responds."""
    try:
        call(home.supervisor, "supervisor.getPID", seconds=5)
    except (OSError, Problem):
        return False
    return True


def start(home: Home, environment: Mapping[str, str]) -> None:
    """Start supervisor in its own session, so that neither Ctrl-C nor the end of the terminal reaches it. Return when
    it responds.
    """
    clean(home)
    log = home.logs / "supervisord.err"
    command = (
        sys.executable,
        "-m",
        "omnimind_ops.embedded.supervisord",
        str(home.config / "supervisord.conf"),
        str(home.config / "programs.json"),
    )
    process = spawn(
        command,
        log=log,
        env={**programs.environment_of_supervisor(environment, home), **programs.python_environment()},
        cwd=home.state,
    )
    end = time.monotonic() + START_SECONDS
    while not runs(home):
        code = process.poll()
        if code is not None or time.monotonic() > end:
            process.kill()
            why = f"it ended with {code}" if code is not None else f"it did not answer within {START_SECONDS:g} s"
            raise Problem(
                "cannot start supervisor", why, f"its last words are below; all of them: {log}", log=tail(log)
            )
        time.sleep(PAUSE)


def stop(home: Home) -> None:
    """Ask supervisor to end, which ends every program. Return when it has ended, or after STOP_SECONDS (the caller then
    scans the processes).
    """
    pid = 0
    with contextlib.suppress(OSError, Problem):
        pid = int(str(call(home.supervisor, "supervisor.getPID", seconds=5)))
        call(home.supervisor, "supervisor.shutdown", seconds=5)
    end = time.monotonic() + STOP_SECONDS
    while pid and _alive(pid) and time.monotonic() < end:
        time.sleep(PAUSE)


def clean(home: Home) -> None:
    """Remove the sockets and pid files of a dead supervisor."""
    for name in ("supervisor.sock", "supervisord.pid", "engine.sock", "notify.sock"):
        (home.run / name).unlink(missing_ok=True)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False
