"""Which Linux capabilities this machine can give a container, from its bounding set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from .outside import OutsideError, docker

UNKNOWN = re.compile(r'unknown capability: "CAP_(\w+)"')
# In the order of their bits: linux/capability.h
NAMES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT",
    "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE",
    "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
    "PERFMON", "BPF", "CHECKPOINT_RESTORE",
)  # fmt: skip


def bounding_set(status: str) -> int:
    """The bounding set in the text of a /proc/PID/status."""
    for line in status.splitlines():
        if line.startswith("CapBnd:"):
            return int(line.split()[1], 16)
    raise ValueError("cannot read capabilities: no CapBnd line")


def missing(bits: int) -> tuple[str, ...]:
    """The capabilities that are not in this set, by name."""
    return tuple(name for bit, name in enumerate(NAMES) if not bits >> bit & 1)


def words(status: str | None = None) -> tuple[str, ...]:
    """The `docker run` words that give a container everything but what the machine itself lacks.

    A machine may run in a sandbox without, say, SYS_RESOURCE: `--privileged` then fails, this does not.
    """
    text = status if status is not None else Path("/proc/self/status").read_text()
    dropped = missing(bounding_set(text))
    return ("--cap-add", "ALL", *(word for name in dropped for word in ("--cap-drop", name)))


def create(argv: Sequence[str]) -> None:
    """`docker create …` with these words.

    What the engine is too old to know it cannot give either, and refuses to drop: those words are left out.
    """
    while True:
        try:
            docker(*argv)
            return
        except OutsideError as error:
            unknown = UNKNOWN.search(str(error))
            if not unknown or unknown[1] not in argv:
                raise
            argv = without(argv, unknown[1])


def without(argv: Sequence[str], name: str) -> tuple[str, ...]:
    """The words without `--cap-drop NAME`."""
    at = [i for i in range(len(argv) - 1) if tuple(argv[i : i + 2]) == ("--cap-drop", name)]
    return tuple(word for i, word in enumerate(argv) if not any(i in (start, start + 1) for start in at))
