"""Start of the child: its command and environment; and the description of its end."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

MODULE = "backend.engine.quantum.child"
NOT_INHERITED = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")
"""systemd's variables for the engine, which the child must not inherit."""


def command() -> tuple[str, ...]:
    """Return the command that starts a child of this process, as isolated from the environment as this process."""
    return (sys.executable, "-I" if sys.flags.isolated else "-P", "-m", MODULE, str(os.getpid()))


def share_of_cores() -> int:
    """Return half of the cores of this process, at least one. The other half is for the embedding."""
    return max(1, len(os.sched_getaffinity(0)) // 2)


def environment(threads: int) -> dict[str, str]:
    """Return the child's environment: its number of threads, passive waiting, and this code on its path."""
    inherited = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
    path = [str(Path(__file__).parents[3]), *filter(None, [inherited.get("PYTHONPATH")])]
    return {
        **inherited,
        **dict.fromkeys(names, str(threads)),
        "OMP_WAIT_POLICY": "PASSIVE",
        "QISKIT_PARALLEL": "FALSE",
        "PYTHONPATH": os.pathsep.join(path),
    }


def ending(code: int) -> str:
    """Return a description of how a process ended."""
    if code == -signal.SIGKILL:
        return "it was killed, most likely by the kernel for want of memory (signal 9)"
    if code < 0:
        return f"it crashed ({signal.Signals(-code).name})"
    return f"it ended with exit code {code}"
