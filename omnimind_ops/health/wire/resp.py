"""Redis' protocol (RESP2): a few commands in one pipeline."""

from __future__ import annotations

from omnimind_ops.health.wire.link import Link

Reply = str | int | None


class RefusedError(ConnectionError):
    """The server sent an error; its text begins with the kind: NOAUTH, LOADING, OOM, MISCONF, READONLY …"""


def pipeline(address: tuple[str, int], seconds: float, *commands: tuple[str, ...]) -> list[Reply]:
    """Send all commands at once and return their replies; the first error reply is raised as RefusedError."""
    with Link(address, seconds) as link:
        link.send(b"".join(map(_words, commands)))
        return [_reply(link) for _ in commands]


def _words(command: tuple[str, ...]) -> bytes:
    parts = [b"*%d\r\n" % len(command)]
    for word in command:
        data = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def _reply(link: Link) -> Reply:
    line = link.until(b"\r\n")
    kind, rest = line[:1], line[1:].decode(errors="replace")
    if kind == b"-":
        raise RefusedError(rest)
    if kind == b"+":
        return rest
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if rest == "-1" else link.exactly(int(rest) + 2)[:-2].decode(errors="replace")
    raise ConnectionError(f"does not speak Redis' protocol: {line[:40]!r}")
