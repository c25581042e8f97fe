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
    + r"(?P<boot>[0-9a-f]{8})-(?P<space>[0-9a-f]{1,8})-(?P<pid>[0-9a-f]{1,7})-(?P<began>[0-9a-f]{1,16})-[0-9a-f]{4}"
)


def name(pid: int) -> str:
    """Return a new user name for this process: boot id, pid namespace, pid, and start time in ticks since boot."""
    return f"{PREFIX}{_boot()}-{_space():x}-{pid:x}-{_began(pid):x}-{secrets.token_hex(2)}"


def is_left(name: str) -> bool:
    """Return whether the process that this user was created for is known to have ended."""
    found = _NAME.fullmatch(name)
    if not found:
        return False
    if found["boot"] != _boot():
        return True
    return int(found["space"], 16) == _space() and not _runs(int(found["pid"], 16), int(found["began"], 16))


def _runs(pid: int, began: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the process belongs to another user
        pass
    try:
        return _began(pid) == began
    except OSError:  # it has just ended, or is hidden from this process
        return True


def _began(pid: int) -> int:
    """Return the process's start time in ticks since boot; 0 for a zombie."""
    state, *words = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return 0 if state in "ZX" else int(words[18])


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]


def _space() -> int:
    return Path("/proc/self/ns/pid").stat().st_ino & 0xFFFFFFFF
