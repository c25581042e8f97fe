"""Launcher of each program under supervisor: it sets the program's user, socket and environment, then execs the
program.

It runs by path with `python -I -S` and imports almost nothing, so it takes only a few milliseconds. The command of each
program is in programs.json: nothing needs double quoting, and no password is in supervisor's configuration or on a
command line.

- The program dies with supervisor (PR_SET_PDEATHSIG): a killed supervisor leaves no orphan that holds a port or a data
  folder.
- A listening socket that supervisor keeps becomes file 3, as with systemd (LISTEN_FDS): a restart of the program
  refuses no connection.
"""

from __future__ import annotations

import json
import os
import pwd
import resource
import signal
import sys
from collections.abc import Callable

SOCKETS, PARENT = "OMNIMIND_SOCKETS", "OMNIMIND_SUPERVISOR"
FIRST = 3  # as in sd_listen_fds(3)


def main(file: str, name: str) -> None:
    """Become the program `name`; returns only by an exception."""
    with open(file, encoding="utf-8") as opened:  # noqa: PTH123 - pathlib costs more than all the rest
        program = json.load(opened)[name]
    environment = {**os.environ, **program["environment"]}
    sockets, parent = json.loads(environment.pop(SOCKETS, "{}")), int(environment.pop(PARENT, "0"))
    end_with_parent = _tie()
    _take(sockets.get(program["socket"]), environment)
    if program["user"]:
        _become(program["user"])
    if not end_with_parent(parent, getattr(signal, f"SIG{program['signal']}")) and parent:
        sys.exit("supervisor is gone")
    os.chdir(program["folder"])
    os.execve(program["words"][0], program["words"], environment)  # noqa: S606 - exec is the purpose


def _take(number: int | None, environment: dict[str, str]) -> None:
    """Close every inherited file except the program's own socket, which becomes file 3."""
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
    result = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(result.pw_gid)
    os.setuid(result.pw_uid)


def _tie() -> Callable[[int, int], bool]:
    """Return end_with_parent, the only import from omnimind.

    With -I and -S Python does not know its path, so this function adds it.
    """
    sys.path.append(__file__.rpartition("/omnimind_ops/")[0])
    from omnimind_ops.tools.parent import end_with_parent

    return end_with_parent


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
