"""The program inside the single-file executable: the stand-in, and what PyInstaller's launcher needs besides.

The launcher unpacks itself into a temporary directory and runs us as its child. If the launcher is killed, we must not
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

from omnimind_ops.embedded.qdrant.__main__ import main
from omnimind_ops.tools.parent import end_with_parent

MARK = "in-use"


def settle(unpacked: Path) -> None:
    """Tie us to the launcher, claim our directory and remove those of launchers that were killed."""
    if not end_with_parent(os.getppid(), signal.SIGKILL):
        sys.exit(1)
    handle = os.open(unpacked / MARK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)  # for as long as we live
    Thread(target=remove_leftovers, args=(unpacked,), daemon=True).start()


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


if __name__ == "__main__":
    settle(Path(getattr(sys, "_MEIPASS")))  # noqa: B009 only PyInstaller sets it
    sys.exit(main(sys.argv[1:]))
