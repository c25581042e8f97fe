"""Connections with one deadline for everything that is said on them."""

from __future__ import annotations

import socket
import time
from typing import Any

Address = tuple[str, int] | str
"""Host and port, or the path of a unix socket."""


class Deadline(socket.socket):
    """A stream socket that ends at `end` (monotonic seconds): TimeoutError then, whoever is slow."""

    end = 0.0

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive within what is left."""
        self.settimeout(self.left())
        return super().recv(size, flags)

    def recv_into(self, *words: Any) -> int:
        """Receive within what is left."""
        self.settimeout(self.left())
        return super().recv_into(*words)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send all of it within what is left."""
        self.settimeout(self.left())
        super().sendall(data, flags)

    def left(self) -> float:
        """Return the seconds that are left; TimeoutError when there are none."""
        seconds = self.end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


def connect(address: Address, seconds: float) -> Deadline:
    """Return a connection that ends after so many seconds. OSError when nobody is there."""
    end = time.monotonic() + seconds
    if isinstance(address, str):
        return _connected(socket.AF_UNIX, address, end)
    places = [(place[0], place[4]) for place in socket.getaddrinfo(*address, type=socket.SOCK_STREAM)]
    for family, place in places[:-1]:
        try:
            return _connected(family, place, end)
        except ConnectionRefusedError:
            continue  # localhost: by IPv6 nobody, by IPv4 somebody
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
