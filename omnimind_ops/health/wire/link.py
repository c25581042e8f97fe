"""One connection with one deadline for all traffic on it."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from omnimind_ops.tools.deadline import Address, connect

CHUNK = 65536
LIMIT = 4 << 20
"""Maximum bytes of one response; a health check expects less."""


class Link:
    """A connection to (host, port) or to the path of a unix socket.

    TimeoutError when the seconds have passed, whatever the cause.
    """

    def __init__(self, address: Address, seconds: float) -> None:
        self.rest = b""
        self.socket = connect(address, seconds)

    def send(self, data: bytes) -> None:
        """Send all data."""
        self.socket.sendall(data)

    def exactly(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        while len(self.rest) < count:
            self._more()
        said, self.rest = self.rest[:count], self.rest[count:]
        return said

    def until(self, mark: bytes) -> bytes:
        """Return the bytes before `mark`, and skip the mark."""
        while mark not in self.rest:
            self._more()
        said, _, self.rest = self.rest.partition(mark)
        return said

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _more(self) -> None:
        said = self.socket.recv(CHUNK)
        if not said:
            raise ConnectionAbortedError("closed the connection")
        self.rest += said
        if len(self.rest) > LIMIT:
            raise ConnectionError(f"says more than {LIMIT >> 20} MiB")
