"""sd_notify(3): tell whoever started us how we are, systemd or the supervisor's own listener; silent where nobody
listens.
"""

from __future__ import annotations

import faulthandler
import os
import socket

LATE = 0.9
"""Of the watchdog's time."""
STDERR = 2


def notify(state: str) -> None:
    """Send one state, e.g. "READY=1"; nobody listening is fine."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # abstract namespace
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as link:
        try:
            link.sendto(state.encode(), address)
        except OSError:
            return  # a lost ping is repaired by the next one, or by the watchdog


def beat() -> None:
    """Say WATCHDOG=1. Should the next one be late, this process writes where all its threads are to stderr, shortly
    before its time is up.

    By itself, because whoever ends it must use SIGKILL: a stopped process that is woken for another signal first takes
    the requests that wait on its socket, and they die with it.
    """
    notify("WATCHDOG=1")
    if seconds := watchdog_seconds():
        faulthandler.dump_traceback_later(seconds * LATE, file=STDERR)


def last_beat() -> None:
    """Say STOPPING=1: the watch is over, nothing more will be late."""
    notify("STOPPING=1")
    faulthandler.cancel_dump_traceback_later()


def watchdog_seconds() -> float | None:
    """Return how often this process must be heard from, None for never."""
    own = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    microseconds = int(os.environ.get("WATCHDOG_USEC", "0") or 0)
    return microseconds / 1e6 if own and microseconds > 0 else None
