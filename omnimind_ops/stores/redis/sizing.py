"""How large the native Redis must be for the data that it takes over. Pure.

Data that does not fit is worse than a refusal: every write fails, or the kernel kills the server while it loads.
"""

from __future__ import annotations

from omnimind_ops.model.goal import REDIS_MEMORY, RedisSize
from omnimind_ops.stores.redis.facts import ServerFacts

MIB = 1024 * 1024
ROOM = 1.5
"""Room to grow: our share of the data, and what the users of the old server will write."""
STEP = 64 * MIB
UNPACKED = 10
"""How much larger than its dump a data set is at most, in most cases: used where the dump does not say it."""


def of_server(facts: ServerFacts) -> RedisSize:
    """Return the size for the data of a running server: at least its limit and its number of databases.

    A server that may drop keys when it is full goes on doing so.
    """
    memory = max(_roomy(facts.used_memory), facts.max_memory)
    policy = facts.eviction if facts.max_memory and facts.eviction else "noeviction"
    return RedisSize(memory, max(16, facts.database_limit or 0, facts.databases), policy)


def of_dump(used_memory: int, file_bytes: int) -> RedisSize:
    """Return the size for a dump: from the memory that its writer used, 0 where the dump does not say it."""
    return RedisSize(_roomy(used_memory or file_bytes * UNPACKED))


def _roomy(used: int) -> int:
    return max(REDIS_MEMORY, -(-int(used * ROOM) // STEP) * STEP)
