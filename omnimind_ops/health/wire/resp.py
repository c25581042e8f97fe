"""Redis' protocol (RESP2): a few commands in one pipeline."""

from __future__ import annotations

from collections.abc import Sequence

from omnimind_ops.health.wire.stream import Stream

Reply = str | int | None


class RefusedError(ConnectionError):
    """The server sent an error; its text begins with the kind: NOAUTH, LOADING, OOM, MISCONF, READONLY …"""


def pipeline(
    address: tuple[str, int], seconds: float, *commands: tuple[str, ...], users: Sequence[str] | None = None
) -> list[Reply]:
    """Send all commands at once and return their replies; the first error reply is raised as RefusedError.

    `users` as in Stream.
    """
    with Stream(address, seconds, users) as stream:
        stream.send(b"".join(map(_encoded, commands)))
        return [_reply(stream) for _ in commands]


def _encoded(command: tuple[str, ...]) -> bytes:
    parts = [b"*%d\r\n" % len(command)]
    for argument in command:
        data = argument.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def _reply(stream: Stream) -> Reply:
    line = stream.until(b"\r\n")
    kind, value = line[:1], line[1:].decode(errors="replace")
    if kind == b"-":
        raise RefusedError(value)
    if kind == b"+":
        return value
    if kind == b":":
        return int(value)
    if kind == b"$":
        return None if value == "-1" else stream.exactly(int(value) + 2)[:-2].decode(errors="replace")
    raise ConnectionError(f"does not speak Redis' protocol: {line[:40]!r}")
