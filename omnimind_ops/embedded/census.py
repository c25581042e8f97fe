"""Process scan: find the processes of an embedded system by their environment or working folder, not by their parent.
So no process is missed, and no unrelated one is included.
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from omnimind_ops.embedded.home import Home
from omnimind_ops.embedded.programs import MARK

SERVERS = ("postgres", "valkey-server", "qdrant")
"""These overwrite their environment with their title, so they are recognised by their working folder."""
END_SECONDS = 10.0


def processes(home: Home) -> list[psutil.Process]:
    """Return all processes, except this one and its parents."""
    apart = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [item for item in psutil.process_iter() if item.pid not in apart and _ours(item, home.state)]


def end(home: Home, seconds: float = END_SECONDS) -> int:
    """End every process, gracefully if possible, otherwise by SIGKILL; return the number of processes found.

    Supervisor gets its signal first: it would restart the others.
    """
    result = processes(home)
    for item in sorted(result, key=lambda entry: not _is_supervisor(entry)):
        _send(item, "terminate")
        _send(item, "resume")  # a stopped process handles no signal until it resumes
    for item in psutil.wait_procs(result, timeout=seconds)[1]:
        _send(item, "kill")
    left = processes(home)  # started meanwhile by one of those
    for item in left:
        _send(item, "kill")
    psutil.wait_procs([*result, *left], timeout=seconds)
    return len(result)


def _ours(process: psutil.Process, state: Path) -> bool:
    try:
        if process.environ().get(MARK) == str(state):
            return True
        return process.name() in SERVERS and Path(process.cwd()).is_relative_to(state)
    except (psutil.Error, OSError, ValueError):
        return False  # another user's process, or it has ended


def _is_supervisor(process: psutil.Process) -> bool:
    try:
        return "omnimind_ops.embedded.supervisord" in process.cmdline()
    except psutil.Error:
        return False


def _send(process: psutil.Process, verb: str) -> None:
    try:
        getattr(process, verb)()
    except psutil.Error:
        return
