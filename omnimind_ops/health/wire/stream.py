"""One connection with one deadline for all traffic on it."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from omnimind_ops.tools.deadline import Address, connect

CHUNK = 65536
LIMIT = 4 << 20
"""Maximum bytes of one response; a health check expects less."""


class Stream:
    """A connection to (host, port) or to the path of a unix socket.

    TimeoutError when the seconds have passed, whatever the cause. With `users`, a server on this host must be one of
    theirs (listening.require_trusted).
    """

    def __init__(self, address: Address, seconds: float, users: Sequence[str] | None = None) -> None:
        self.buffer = b""
        self.socket = connect(address, seconds, users)

    def send(self, data: bytes) -> None:
        """Send all data."""
        self.socket.sendall(data)

    def exactly(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def until(self, mark: bytes) -> bytes:
        """Return the bytes before `mark`, and skip the mark."""
        while mark not in self.buffer:
            self._more()
        data, _, self.buffer = self.buffer.partition(mark)
        return data

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
        data = self.socket.recv(CHUNK)
        if not data:
            raise ConnectionAbortedError("closed the connection")
        self.buffer += data
        if len(self.buffer) > LIMIT:
            raise ConnectionError(f"sends more than {LIMIT >> 20} MiB")
