"""Processes that lost their parent and became ours (PR_SET_CHILD_SUBREAPER): what a dead program left behind."""

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
    """From now on orphans below us become our children, not those of PID 1."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """Return the processes whose parent we are: what we started, and what those left behind."""
    with contextlib.suppress(OSError, ValueError):
        return {int(word) for word in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}
    return set()


def end(pids: set[int]) -> None:
    """SIGKILL them."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def end_all() -> None:
    """End every descendant: the children of one that ends become ours, and are next."""
    for _ in range(END_ROUNDS):
        if not (pids := children()):
            return
        end(pids)
        with contextlib.suppress(OSError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(END_PAUSE)
