"""A fence around the old server: from the last read until it stops, nobody's write is acknowledged and lost."""

from __future__ import annotations

import re

from omnimind_ops.stores.redis.versions import at_least
from omnimind_ops.stores.redis.wire import Wire, blob

SECONDS = 1800
"""How long writes are held at most; then, or when the server stops, they are refused to their callers."""


def hold_writes(wire: Wire, seconds: float = SECONDS) -> bool:
    """Hold the writes of all clients; reads go on. Return whether the server can do that.

    Expiry and eviction are held too. A script counts as a write.
    """
    return _can(wire) and wire.probe("CLIENT", "PAUSE", int(seconds * 1000), "WRITE", forbidden=True) is not None


def release_writes(wire: Wire) -> None:
    """Let the held writes go on."""
    if _can(wire):
        wire.probe("CLIENT", "UNPAUSE", forbidden=True)


def _can(wire: Wire) -> bool:
    """Return whether CLIENT PAUSE knows WRITE; before, it holds readers too: us."""
    found = re.search(r"^redis_version:(\S+)", blob(wire.call("INFO", "server")).decode(), re.MULTILINE)
    return at_least(found[1], 6, 2) if found else False
