"""What supervisor starts instead of a program: it takes on the program's user, socket and environment, and then becomes the program.

Run by its path with `python -I -S`, so it imports nothing of ours and costs a few milliseconds. The program's words are in programs.json:
nothing has to be quoted twice, and no password stands in supervisor's configuration or on a command line.

- It dies with supervisor (PR_SET_PDEATHSIG): a killed supervisor leaves no orphan that holds a port or a data folder.
- A listening socket that supervisor keeps becomes file 3, as systemd does it (LISTEN_FDS): a program that restarts refuses nobody.
"""

from __future__ import annotations

import ctypes
import json
import os
import pwd
import resource
import signal
import sys

SOCKETS, PARENT = "OMNIMIND_SOCKETS", "OMNIMIND_SUPERVISOR"
FIRST = 3  # as in sd_listen_fds(3)
_PR_SET_PDEATHSIG = 1


def main(file: str, name: str) -> None:
    """Become the program of that name; returns only by an exception."""
    with open(file, encoding="utf-8") as opened:  # noqa: PTH123 - pathlib costs more than all the rest
        program = json.load(opened)[name]
    environment = {**os.environ, **program["environment"]}
    sockets, parent = json.loads(environment.pop(SOCKETS, "{}")), int(environment.pop(PARENT, "0"))
    _take(sockets.get(program["socket"]), environment)
    if program["user"]:
        _become(program["user"])
    _die_with(parent, getattr(signal, f"SIG{program['signal']}"))
    os.chdir(program["folder"])
    os.execve(program["words"][0], program["words"], environment)  # noqa: S606 - to become it is the point


def _take(number: int | None, environment: dict[str, str]) -> None:
    """Close every inherited file but the program's own socket, which becomes file 3."""
    last = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 65536)
    if number is None:
        os.closerange(FIRST, last)
        return
    if number != FIRST:
        os.dup2(number, FIRST)
    os.set_inheritable(FIRST, True)
    os.closerange(FIRST + 1, last)
    environment["LISTEN_FDS"], environment["LISTEN_PID"] = "1", str(os.getpid())


def _become(user: str) -> None:
    found = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(found.pw_gid)
    os.setuid(found.pw_uid)


def _die_with(parent: int, number: int) -> None:
    """Ask the kernel to end us when supervisor ends; it may have ended already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if parent and os.getppid() != parent:
        sys.exit("supervisor is gone")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
