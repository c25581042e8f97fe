"""A child ends with its parent: the kernel sends it a signal when the parent ends (prctl(2), PR_SET_PDEATHSIG)."""

from __future__ import annotations

import ctypes
import os

_PR_SET_PDEATHSIG = 1


def end_with(parent: int, number: int) -> bool:
    """Ask for signal `number` when `parent` ends; False when it ended before we asked, and nothing will come."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    return os.getppid() == parent


def ending_with_us(user: str = "") -> tuple[str, ...]:
    """Return what comes before the words of a command that is to be killed when we end; `user` drops to that user."""
    drop = ("--reuid", user, "--regid", user, "--clear-groups") if user else ()
    return ("setpriv", *drop, "--pdeathsig", "KILL", "--")
