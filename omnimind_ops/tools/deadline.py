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
        self.settimeout(self.left())
        return super().recv(size, flags)

    def recv_into(self, *words: Any) -> int:
        """Receive within the remaining time."""
        self.settimeout(self.left())
        return super().recv_into(*words)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send everything within the remaining time."""
        self.settimeout(self.left())
        super().sendall(data, flags)

    def left(self) -> float:
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
    places = [(place[0], place[4]) for place in socket.getaddrinfo(*address, type=socket.SOCK_STREAM)]
    for family, place in places[:-1]:
        try:
            return _connected(family, place, end)
        except ConnectionRefusedError:
            continue  # localhost: nothing listens on IPv6, something on IPv4
    return _connected(*places[-1], end)


def _connected(family: int, place: Any, end: float) -> Deadline:
    link = Deadline(family, socket.SOCK_STREAM)
    link.end = end
    try:
        link.settimeout(link.left())
        link.connect(place)
    except BaseException:
        link.close()
        raise
    return link
