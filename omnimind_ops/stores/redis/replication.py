"""How a replica asks a server for its data: the handshake, and the dump that comes first."""

from __future__ import annotations

from collections.abc import Iterator

from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.link import Argument, encode_commands, open_link

CHUNK = 1 << 18


class ReplicaLink:
    """A socket to a master that is read as bytes. Errors are OSError."""

    def __init__(self, endpoint: RedisEndpoint, timeout: float) -> None:
        from redis.exceptions import RedisError

        try:
            self.sock = open_link(endpoint, timeout).sock
        except RedisError as error:
            raise OSError(str(error)) from error
        self._buffer = b""

    def announce(self, *options: tuple[Argument, ...]) -> tuple[bytes, ...]:
        """Send REPLCONF options, each on its own; return the replies. Older servers refuse those that they do not
        know.
        """
        replies = []
        for option in options:
            self.send("REPLCONF", *option)
            replies.append(self.line())
        return tuple(replies)

    def send(self, *command: Argument) -> None:
        """Send a command."""
        self.sock.sendall(encode_commands([command]))

    def line(self) -> bytes:
        """Return the next line that is not empty: an empty one now and then means that the server is still working."""
        while True:
            while b"\n" not in self._buffer:
                self._buffer += self._receive()
            text, self._buffer = self._buffer.split(b"\n", 1)
            if text.strip():
                return text.strip()

    def dump(self, header: bytes) -> tuple[int | None, Iterator[bytes]]:
        """Return the size of the dump that a header announces (None: unknown), and its bytes."""
        if not header.startswith(b"$"):
            raise OSError(header.lstrip(b"-").decode(errors="replace"))
        if header.startswith(b"$EOF:"):
            return None, self._until(header[5:])
        return int(header[1:]), self._exactly(int(header[1:]))

    def rest(self) -> bytes:
        """Return what has been received after the dump."""
        rest, self._buffer = self._buffer, b""
        return rest

    def close(self) -> None:
        """Close the socket."""
        self.sock.close()

    def _receive(self) -> bytes:
        if not (chunk := self.sock.recv(CHUNK)):
            raise OSError(
                "the server closed the connection before it sent any data: it could not write the dump (not enough "
                "memory, or an earlier dump failed)"
            )
        return chunk

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size:
            chunk = self._buffer or self.sock.recv(min(CHUNK, size))
            if not chunk:
                raise OSError(f"the connection ended {size} bytes before the end of the dump")
            self._buffer = chunk[size:]
            yield chunk[:size]
            size -= min(size, len(chunk))

    def _until(self, mark: bytes) -> Iterator[bytes]:
        buffer, self._buffer = self._buffer, b""
        while (at := buffer.find(mark)) < 0:
            if len(buffer) > len(mark):
                yield buffer[: -len(mark)]
                buffer = buffer[-len(mark) :]
            if not (chunk := self.sock.recv(CHUNK)):
                raise OSError("the connection ended before the end mark of the dump")
            buffer += chunk
        yield buffer[:at]
        self._buffer = buffer[at + len(mark) :]
