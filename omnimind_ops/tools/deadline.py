"""Connections with one deadline for everything sent and received."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from typing import Any

from omnimind_ops.tools import listening

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


def connect(address: Address, seconds: float, users: Sequence[str] | None = None) -> Deadline:
    """Return a connection that times out after `seconds`. OSError when nothing listens there.

    With `users`, it is for a secret: a server on this host must be root's, this user's or one of theirs.
    """
    end = time.monotonic() + seconds
    if isinstance(address, str):
        return _connected(socket.AF_UNIX, address, end)
    sock = _connected_tcp(address, end)
    if users is None:
        return sock
    try:
        listening.require_trusted(*address, users)
    except BaseException:
        sock.close()
        raise
    return sock


def _connected_tcp(address: tuple[str, int], end: float) -> Deadline:
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
