"""Connections with one deadline for everything sent and received."""

from __future__ import annotations

import socket
import time
from typing import Any

Address = tuple[str, int] | str
"""Host and port, or the path of a unix socket."""


class Deadline(socket.socket):
    """A stream socket with a deadline at `end` (monotonic seconds): TimeoutError after that, whichever side is slow."""

    end = 0.0

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive within the remaining time."""
        self.settimeout(self.seconds_left())
        return super().recv(size, flags)

    def recv_into(self, *args: Any) -> int:
        """Receive within the remaining time."""
        self.settimeout(self.seconds_left())
        return super().recv_into(*args)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send everything within the remaining time."""
        self.settimeout(self.seconds_left())
        super().sendall(data, flags)

    def seconds_left(self) -> float:
        """Return the remaining seconds; TimeoutError when there are none."""
        seconds = self.end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


def connect(address: Address, seconds: float) -> Deadline:
    """Return a connection that times out after `seconds`. OSError when nothing listens there."""
    end = time.monotonic() + seconds
    if isinstance(address, str):
        return _connected(socket.AF_UNIX, address, end)
    addresses = [(info[0], info[4]) for info in socket.getaddrinfo(*address, type=socket.SOCK_STREAM)]
    for family, target in addresses[:-1]:
        try:
            return _connected(family, target, end)
        except ConnectionRefusedError:
            continue  # localhost: nothing listens on IPv6, something on IPv4
    return _connected(*addresses[-1], end)


def _connected(family: int, target: Any, end: float) -> Deadline:
    sock = Deadline(family, socket.SOCK_STREAM)
    sock.end = end
    try:
        sock.settimeout(sock.seconds_left())
        sock.connect(target)
    except BaseException:
        sock.close()
        raise
    return sock
