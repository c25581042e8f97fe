"""End a child with its parent: the kernel sends it a signal when the parent ends (prctl(2), PR_SET_PDEATHSIG)."""

from __future__ import annotations

import ctypes
import os

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int, number: int) -> bool:
    """Request signal `number` for when `parent` ends; return False if it has already ended; no signal comes then."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    return os.getppid() == parent


def killed_with_parent(user: str = "") -> tuple[str, ...]:
    """Return the prefix of a command that is killed when this process ends; `user` drops to that user."""
    drop = ("--reuid", user, "--regid", user, "--clear-groups") if user else ()
    return ("setpriv", *drop, "--pdeathsig", "KILL", "--")
