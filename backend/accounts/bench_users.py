"""Names of the temporary users of `omnimind bench`.

A name holds the process that measures, so a user that a killed measurement left behind can be told from one in use.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

PREFIX = "omnimind-bench-"
"""No person's name begins so."""
_NAME = re.compile(
    PREFIX
    + r"(?P<boot>[0-9a-f]{8})-(?P<space>[0-9a-f]{1,8})-(?P<pid>[0-9a-f]{1,7})-(?P<began>[0-9a-f]{1,16})-[0-9a-f]{4}"
)


def name(pid: int) -> str:
    """Return a new name for the user of this process: boot, namespace of pids, pid, its start in ticks since the boot."""
    return f"{PREFIX}{_boot()}-{_space():x}-{pid:x}-{_began(pid):x}-{secrets.token_hex(2)}"


def is_left(name: str) -> bool:
    """Tell whether the process that it was made for is known to have ended."""
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
    except PermissionError:  # somebody else's
        pass
    try:
        return _began(pid) == began
    except OSError:  # it ended this instant, or is hidden from us
        return True


def _began(pid: int) -> int:
    """Return when it began; 0 for one that has ended and that nobody has waited for."""
    state, *words = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return 0 if state in "ZX" else int(words[18])


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]


def _space() -> int:
    return Path("/proc/self/ns/pid").stat().st_ino & 0xFFFFFFFF
