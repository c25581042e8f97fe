"""A unix socket of our own, where systemd passes none."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

MODE = 0o660


def listen(path: Path, backlog: int) -> socket.socket:
    """Return a socket that listens at `path`, 0660. A file left by a process that is gone is replaced; one that answers is somebody's: OSError EADDRINUSE."""
    if path.exists():
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise OSError(errno.EEXIST, "something that is no socket is there", str(path))
        if _answers(path):
            raise OSError(errno.EADDRINUSE, "another process listens there", str(path))
        path.unlink()
    path.parent.mkdir(parents=True, exist_ok=True)
    link = socket.socket(socket.AF_UNIX)
    before = os.umask(0o777 & ~MODE)  # there is no moment in which others could connect
    try:
        link.bind(str(path))
    finally:
        os.umask(before)
    link.listen(backlog)
    link.setblocking(False)
    return link


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:  # it is there and busy
            return True
        return True
