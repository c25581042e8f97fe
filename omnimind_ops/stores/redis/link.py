"""A socket to a server in the protocol RESP2. hiredis packs and parses: redis-py around it takes ten times as long a
reply, which is noticeable with a million keys.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import cast

from omnimind_ops.stores.redis.endpoint import RedisEndpoint

Reply = bytes | int | None | list["Reply"]
Argument = bytes | str | int
Command = Sequence[Argument]

READ_BYTES = 1 << 18
_INCOMPLETE = object()


class Link:
    """An open socket. `errors` is the number of error replies of the last exchange."""

    def __init__(self, sock: socket.socket) -> None:
        from hiredis import Reader

        self.sock = sock
        self.errors = 0
        self._reader = Reader(replyError=self._error, notEnoughData=_INCOMPLETE)
        self._buffer = bytearray(READ_BYTES)

    def exchange(self, commands: Sequence[Command]) -> list[Reply | Exception]:
        """Send commands at once and return their replies in order; an error reply is an exception among them.

        Raise OSError for a lost connection, and RedisError when the server does not serve this client at all.
        """
        self.errors = 0
        self.sock.sendall(encode_commands(commands))
        replies: list[Reply | Exception] = []
        next_reply = self._reader.gets
        for _ in commands:
            while (reply := next_reply()) is _INCOMPLETE:
                self._receive()
            replies.append(reply)
        if self.errors:
            _raise_refusal(replies)
        return replies

    def _receive(self) -> None:
        size = self.sock.recv_into(self._buffer)
        if not size:
            raise ConnectionError("the server closed the connection")
        self._reader.feed(cast(bytes, self._buffer), 0, size)

    def close(self) -> None:
        """Close the socket."""
        self.sock.close()

    def _error(self, text: str) -> Exception:
        self.errors += 1
        return _error_of(text)


def open_link(endpoint: RedisEndpoint, timeout: float) -> Link:
    """Connect and log in. Raise OSError, or RedisError for a refused password."""
    link = Link(_open_socket(endpoint, timeout))
    try:
        if endpoint.password:
            user = (endpoint.username,) if endpoint.username else ()
            _log_in(link, ("AUTH", *user, endpoint.password))
    except BaseException:
        link.close()
        raise
    return link


def encode_commands(commands: Sequence[Command]) -> bytes:
    """Return commands in wire format."""
    from hiredis import pack_command

    return b"".join([pack_command(cast("tuple[bytes]", command)) for command in map(tuple, commands)])


def _log_in(link: Link, command: Command) -> None:
    from redis.exceptions import AuthenticationError

    (reply,) = link.exchange([command])
    if isinstance(reply, Exception):
        raise AuthenticationError(str(reply))


def _open_socket(endpoint: RedisEndpoint, timeout: float) -> socket.socket:
    if not endpoint.socket:
        sock = socket.create_connection((endpoint.host, endpoint.port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(timeout)
    try:
        sock.connect(endpoint.socket)
    except OSError:
        sock.close()
        raise
    return sock


def _error_of(text: str) -> Exception:
    from redis.exceptions import AuthenticationError, BusyLoadingError, NoPermissionError, ResponseError

    code, _, rest = text.partition(" ")
    if code == "LOADING":
        return BusyLoadingError(rest)
    if code in ("NOAUTH", "WRONGPASS"):
        return AuthenticationError(rest)
    if code == "NOPERM":
        return NoPermissionError(rest)
    return ResponseError(rest if code == "ERR" else text)


def _raise_refusal(replies: Sequence[Reply | Exception]) -> None:
    """Raise the error of a server that refuses every command of this client."""
    from redis.exceptions import ResponseError

    for reply in replies:
        if isinstance(reply, Exception) and not isinstance(reply, ResponseError):
            raise reply
