"""Tell the people on this machine: on their terminals (wall) and in the system's log."""

from __future__ import annotations

from collections.abc import Callable

from omnimind_ops.tools.shell import run

Announce = Callable[[str], None]
SECONDS = 10.0
LOG = ("logger", "--tag", "omnimind", "--priority", "user.warning")


def announce(text: str) -> None:
    """Tell everybody who is logged in, and write a log line (journalctl -t omnimind). A failure is nobody's problem."""
    for command in (("wall",), LOG):
        run(command, feed=f"{text}\n".encode(), timeout=SECONDS, check=False)
