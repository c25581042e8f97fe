"""sd_notify(3): report this process's state to systemd or the supervisor's listener; silent without one."""

from __future__ import annotations

import faulthandler
import os
import socket

LATE = 0.9
"""Share of the watchdog's time."""
STDERR = 2


def notify(state: str) -> None:
    """Send one state, e.g. "READY=1"; without a listener nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):  # abstract namespace
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sock:
        try:
            sock.sendto(state.encode(), address)
        except OSError:
            return  # the next ping, or the watchdog, makes up for a lost one


def beat() -> None:
    """Send WATCHDOG=1.

    If the next one is late, this process dumps its threads' tracebacks to stderr shortly before the watchdog's time is
    up. The process does this itself, because the watchdog must use SIGKILL: a stopped process that wakes up for another
    signal first accepts the requests waiting on its socket, and they are lost with it.
    """
    notify("WATCHDOG=1")
    if seconds := watchdog_seconds():
        faulthandler.dump_traceback_later(seconds * LATE, file=STDERR)


def last_beat() -> None:
    """Send STOPPING=1 and stop the watch: no dump follows."""
    notify("STOPPING=1")
    faulthandler.cancel_dump_traceback_later()


def watchdog_seconds() -> float | None:
    """Return the maximum time between this process's pings, None for no watchdog."""
    is_for_us = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    microseconds = int(os.environ.get("WATCHDOG_USEC", "0") or 0)
    return microseconds / 1e6 if is_for_us and microseconds > 0 else None
