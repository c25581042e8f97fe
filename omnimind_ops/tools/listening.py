"""Listening TCP sockets as the kernel lists them, and whose they are.

Any local user can bind a port while its server is down. A client that logs in with a secret in clear text (Redis,
Qdrant) therefore checks first whose socket listens there. PostgreSQL's client does not need to: SCRAM sends no
password, and the server proves that it knows it.
"""

from __future__ import annotations

import ipaddress
import os
import pwd
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LISTEN = "0A"
REDIS_USERS = ("redis", "valkey")
QDRANT_USERS = ("qdrant",)


@dataclass(frozen=True)
class Listener:
    """A listening socket and the user who opened it."""

    address: str
    port: int
    inode: str
    uid: int


class ForeignListenerError(ConnectionError):
    """The port belongs to a user who is not trusted with the secret."""


def listeners(proc: Path = Path("/proc")) -> tuple[Listener, ...]:
    """Return the listening TCP sockets of this network namespace, IPv4 and IPv6."""
    listening = []
    for name in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / name).read_text().splitlines()[1:]
        except OSError:
            continue
        rows = (line.split() for line in lines)
        listening += [_listener(row[1], row[9], int(row[7])) for row in rows if row[3] == LISTEN]
    return tuple(listening)


def require_trusted(host: str, port: int, users: Iterable[str], proc: Path = Path("/proc")) -> None:
    """Raise ForeignListenerError unless every socket that listens on the port is of root, of this user or of `users`.

    Call it when connected, before the first secret is sent. Another host's sockets cannot be looked at.
    """
    if not _is_loopback(host):
        return
    own = [listener for listener in listeners(proc) if listener.port == port]
    if not own:
        raise ForeignListenerError(f"nobody listens on port {port} any more")
    trusted = {0, os.geteuid(), *_uids(users)}
    foreign = next((listener.uid for listener in own if listener.uid not in trusted), None)
    if foreign is not None:
        raise ForeignListenerError(
            f"port {port} is held by a process of user {_name(foreign)}: nothing secret is sent to it"
        )


def _listener(local: str, inode: str, uid: int) -> Listener:
    """Parse "0100007F:18EB": the address consists of 32-bit words, each in the machine's byte order."""
    address, _, port = local.partition(":")
    groups = (int(address[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(address), 8))
    return Listener(str(ipaddress.ip_address(b"".join(groups))), int(port, 16), inode, uid)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _uids(users: Iterable[str]) -> Iterable[int]:
    for user in users:
        try:
            yield pwd.getpwnam(user).pw_uid
        except KeyError:
            continue


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
