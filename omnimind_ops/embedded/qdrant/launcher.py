"""What a single-file executable needs beyond a plain program.

PyInstaller's launcher unpacks itself into a temporary directory and runs us as its child. If the launcher is killed, we must not
live on with its storage locked; if both are killed, the directory stays behind and the next start removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
from pathlib import Path
from threading import Thread

MARK = "in-use"
_PR_SET_PDEATHSIG = 1


def settle() -> None:
    """Tie us to the launcher and tidy up behind those that were killed; nothing where we run as plain Python."""
    unpacked = getattr(sys, "_MEIPASS", None)
    if unpacked is None:
        return
    _die_with_the_launcher()
    _claim(Path(unpacked))
    Thread(target=remove_leftovers, args=(Path(unpacked),), daemon=True).start()


def _die_with_the_launcher() -> None:
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    except (ImportError, OSError, AttributeError, MemoryError):
        return  # a hardened host may forbid ctypes; then only a supervisor's group kill ends us


def _claim(unpacked: Path) -> None:
    """Hold a lock on our directory for as long as we live."""
    handle = os.open(unpacked / MARK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)


def remove_leftovers(unpacked: Path) -> None:
    """Remove directories beside ours that bear our mark and that nobody holds."""
    for other in unpacked.parent.glob("_MEI*"):
        if other == unpacked:
            continue
        try:
            handle = os.open(other / MARK, os.O_RDWR)
        except OSError:
            continue  # another program's, or not ours to touch
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(other, ignore_errors=True)
        except OSError:
            continue  # in use
        finally:
            os.close(handle)
