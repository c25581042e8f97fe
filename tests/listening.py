"""Become a program that has a listening unix socket as file 3, as systemd passes one:

`python listening.py SOCKET PROGRAM ARGUMENT…`.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path


def command(path: str | Path, *program: str, python: str = sys.executable) -> tuple[str, ...]:
    """The command line of a program that listens there."""
    return (python, __file__, str(path), *program)


def main(path: str, *program: str) -> None:
    """Replace what a program before left there, listen, become the program."""
    Path(path).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(2048)
    os.dup2(listening.fileno(), 3)
    os.set_inheritable(3, True)
    os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    os.execv(program[0], program)


if __name__ == "__main__":
    main(*sys.argv[1:])
