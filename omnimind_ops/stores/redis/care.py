"""Care for the server that is read: what it holds for us counts as its own memory.

A full cache drops keys for our replies, and a container at its limit is killed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from omnimind_ops.model.event import Tell, line, warning
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.connection import Connection, as_bytes, connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint

MIB = 1 << 20
IN_FLIGHT = 24 * MIB
"""What a server holds for us at most: twice EXCHANGE_BYTES and the largest piece, the stream of changes, overhead."""
RESERVE = 2 * IN_FLIGHT
"""Bytes that must be free below a container's limit."""


@dataclass(frozen=True)
class Memory:
    """A server's memory in bytes. `limit` is its own (maxmemory), 0 for none; `resident` is what the kernel counts."""

    used: int
    resident: int
    limit: int
    evicts: bool

    @property
    def is_full(self) -> bool:
        """Return whether it would drop keys, or refuse writes, for what it holds for us."""
        return 0 < self.limit < self.used + IN_FLIGHT


def read_memory(connection: Connection) -> Memory:
    """Return a server's memory."""
    lines = as_bytes(connection.call("INFO", "memory")).decode(errors="replace").splitlines()
    info = dict(text.split(":", 1) for text in lines if ":" in text)
    used, resident, limit = (int(info.get(name, 0)) for name in ("used_memory", "used_memory_rss", "maxmemory"))
    return Memory(used, resident, limit, info.get("maxmemory_policy", "noeviction") != "noeviction")


def refuse_at_limit(connection: Connection, container_limit: int) -> None:
    """Raise Problem when the container (0: no limit) has too little memory left for any work on it."""
    memory = read_memory(connection)
    resident = max(memory.used, memory.resident)  # the server asks the kernel only now and then
    free = container_limit - resident
    if container_limit and free < RESERVE:
        raise Problem(
            f"cannot read Redis at {connection.name}",
            f"it uses {resident // MIB} MB of the {container_limit // MIB} MB of its container; reading it could "
            "make the kernel kill it",
            f"raise the limit by {RESERVE // MIB} MB (docker update --memory), then run the same command again",
        )


@contextmanager
def room_to_read(source: RedisEndpoint, tell: Tell, step: str = "", container_limit: int = 0) -> Iterator[None]:
    """Make sure for the block that reading costs a full server no key and no write.

    Its maxmemory is raised by what it holds for us, and set back afterwards. Raise Problem when its container has no
    room.
    """
    with connect(source) as connection:
        refuse_at_limit(connection, container_limit)
        memory = read_memory(connection)
        is_raised = memory.is_full and connection.allows("CONFIG", "SET", "maxmemory", memory.limit + IN_FLIGHT)
    if is_raised:
        tell(line(step, f"raised maxmemory of the old Redis by {IN_FLIGHT // MIB} MB while it is read: it is full"))
    elif memory.is_full:
        effect = "it may drop keys while it is read" if memory.evicts else "it may refuse writes while it is read"
        tell(warning(f"the old Redis is full and does not let its maxmemory be changed: {effect}", step))
    try:
        yield
    finally:
        if is_raised:
            with suppress(Problem), connect(source, timeout=10) as connection:  # it may have been stopped
                connection.call("CONFIG", "SET", "maxmemory", memory.limit)
