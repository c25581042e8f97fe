"""Orphaned processes that this process adopts (PR_SET_CHILD_SUBREAPER): leftovers of dead programs."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from pathlib import Path

END_ROUNDS, END_PAUSE = 100, 0.02
_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """Make orphans below this process its children, instead of children of PID 1."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """Return the child processes: those started here, and those adopted."""
    with contextlib.suppress(OSError, ValueError):
        return {int(word) for word in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}
    return set()


def end(pids: set[int]) -> None:
    """Send SIGKILL to the processes."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def end_all() -> None:
    """End every descendant. Children of an ended process are adopted and end in the next round."""
    for _ in range(END_ROUNDS):
        if not (pids := children()):
            return
        end(pids)
        with contextlib.suppress(OSError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(END_PAUSE)
