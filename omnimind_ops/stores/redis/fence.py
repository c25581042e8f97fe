"""A fence around the old server: from the last read until it stops, nobody's write is acknowledged and lost."""

from __future__ import annotations

import re

from omnimind_ops.stores.redis.connection import Connection, as_bytes
from omnimind_ops.stores.redis.versions import at_least

SECONDS = 1800
"""How long writes are held at most; then, or when the server stops, they are refused to their callers."""


def hold_writes(connection: Connection, seconds: float = SECONDS) -> bool:
    """Hold the writes of all clients; reads go on. Return whether the server can do that.

    Expiry and eviction are held too. A script counts as a write.
    """
    return (
        _can_hold(connection)
        and connection.try_call("CLIENT", "PAUSE", int(seconds * 1000), "WRITE", forbidden=True) is not None
    )


def release_writes(connection: Connection) -> None:
    """Let the held writes go on."""
    if _can_hold(connection):
        connection.try_call("CLIENT", "UNPAUSE", forbidden=True)


def _can_hold(connection: Connection) -> bool:
    """Return whether CLIENT PAUSE knows WRITE; before, it holds readers too: us."""
    version = re.search(r"^redis_version:(\S+)", as_bytes(connection.call("INFO", "server")).decode(), re.MULTILINE)
    return at_least(version[1], 6, 2) if version else False
