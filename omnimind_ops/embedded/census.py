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
    return [one for one in psutil.process_iter() if one.pid not in apart and _ours(one, home.state)]


def end(home: Home, seconds: float = END_SECONDS) -> int:
    """End every process, gracefully if possible, otherwise by SIGKILL; return the number of processes found.

    Supervisor gets its signal first: it would restart the others.
    """
    found = processes(home)
    for one in sorted(found, key=lambda one: not _is_supervisor(one)):
        _send(one, "terminate")
        _send(one, "resume")  # a stopped process handles no signal until it resumes
    for one in psutil.wait_procs(found, timeout=seconds)[1]:
        _send(one, "kill")
    left = processes(home)  # started meanwhile by one of those
    for one in left:
        _send(one, "kill")
    psutil.wait_procs([*found, *left], timeout=seconds)
    return len(found)


def _ours(one: psutil.Process, state: Path) -> bool:
    try:
        if one.environ().get(MARK) == str(state):
            return True
        return one.name() in SERVERS and Path(one.cwd()).is_relative_to(state)
    except (psutil.Error, OSError, ValueError):
        return False  # another user's process, or it has ended


def _is_supervisor(one: psutil.Process) -> bool:
    try:
        return "omnimind_ops.embedded.supervisord" in one.cmdline()
    except psutil.Error:
        return False


def _send(one: psutil.Process, verb: str) -> None:
    try:
        getattr(one, verb)()
    except psutil.Error:
        return
