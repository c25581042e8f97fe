"""Which processes belong to an embedded system, found by what they carry and not by who started them: so none is
missed, and none is a stranger's.
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from omnimind_ops.embedded.home import Home
from omnimind_ops.embedded.programs import MARK

SERVERS = ("postgres", "valkey-server", "qdrant")
"""They write their title over their environment, so these are known by the folder they work in."""
END_SECONDS = 10.0


def processes(home: Home) -> list[psutil.Process]:
    """Return them all, but not ourselves and not whoever started us."""
    apart = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [one for one in psutil.process_iter() if one.pid not in apart and _ours(one, home.state)]


def end(home: Home, seconds: float = END_SECONDS) -> int:
    """End every process, in good order if it can, else at once; returns how many there were.

    Supervisor first: it would bring the others back.
    """
    found = processes(home)
    for one in sorted(found, key=lambda one: not _is_supervisor(one)):
        _send(one, "terminate")
        _send(one, "resume")  # a stopped process hears nothing else
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
        return False  # another user's, or gone


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
