"""Names of the temporary users of `omnimind bench`.

The name contains the measuring process, so users left behind by a killed measurement can be recognised.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

PREFIX = "omnimind-bench-"
"""Prefix reserved for bench users."""
_NAME = re.compile(
    PREFIX
    + r"(?P<boot>[0-9a-f]{8})-(?P<namespace>[0-9a-f]{1,8})-(?P<pid>[0-9a-f]{1,7})-(?P<start>[0-9a-f]{1,16})-[0-9a-f]{4}"
)


def new_name(pid: int) -> str:
    """Return a new user name for this process: boot id, pid namespace, pid, and start time in ticks since boot."""
    return f"{PREFIX}{_boot_id()}-{_pid_namespace():x}-{pid:x}-{_start_ticks(pid):x}-{secrets.token_hex(2)}"


def is_orphaned(name: str) -> bool:
    """Return whether the process that this user was created for is known to have ended."""
    match = _NAME.fullmatch(name)
    if not match:
        return False
    if match["boot"] != _boot_id():
        return True
    return int(match["namespace"], 16) == _pid_namespace() and not _is_running(
        int(match["pid"], 16), int(match["start"], 16)
    )


def _is_running(pid: int, start: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the process belongs to another user
        pass
    try:
        return _start_ticks(pid) == start
    except OSError:  # it has just ended, or is hidden from this process
        return True


def _start_ticks(pid: int) -> int:
    """Return the process's start time in ticks since boot; 0 for a zombie."""
    state, *fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return 0 if state in "ZX" else int(fields[18])


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]


def _pid_namespace() -> int:
    return Path("/proc/self/ns/pid").stat().st_ino & 0xFFFFFFFF
