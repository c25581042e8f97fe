"""Link: one connection with one deadline for everything that is said on it."""

from __future__ import annotations

import socket
import time
from types import TracebackType
from typing import Self

CHUNK = 65536
LIMIT = 4 << 20
"""Bytes of one answer; more is not an answer to a health check."""


class Link:
    """A connection to (host, port) or to the path of a unix socket. TimeoutError when the seconds are over, whoever is slow."""

    def __init__(self, address: tuple[str, int] | str, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds
        self.rest = b""
        is_unix = isinstance(address, str)
        self.socket = socket.socket(socket.AF_UNIX if is_unix else socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._patience()
            self.socket.connect(address)
        except BaseException:
            self.socket.close()
            raise

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._patience()
        self.socket.sendall(data)

    def exactly(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        while len(self.rest) < count:
            self._more()
        said, self.rest = self.rest[:count], self.rest[count:]
        return said

    def until(self, mark: bytes) -> bytes:
        """Return what comes before `mark`, and pass over it."""
        while mark not in self.rest:
            self._more()
        said, _, self.rest = self.rest.partition(mark)
        return said

    def all(self) -> bytes:
        """Return everything until the other side closes."""
        try:
            while True:
                self._more()
        except ConnectionAbortedError:
            said, self.rest = self.rest, b""
            return said

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _more(self) -> None:
        self._patience()
        said = self.socket.recv(CHUNK)
        if not said:
            raise ConnectionAbortedError("closed the connection")
        self.rest += said
        if len(self.rest) > LIMIT:
            raise ConnectionError(f"says more than {LIMIT >> 20} MiB")

    def _patience(self) -> None:
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.socket.settimeout(left)
