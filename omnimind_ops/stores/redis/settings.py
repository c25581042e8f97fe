"""The settings that the native Redis takes over from the old one. Pure.

Data that does not fit is worse than a refusal: every write fails, or the kernel kills the server while it loads. And no
write is less durable than it was.
"""

from __future__ import annotations

from omnimind_ops.model.goal import REDIS_MEMORY, RedisSettings
from omnimind_ops.stores.redis.facts import ServerFacts

DEFAULT = RedisSettings()
MIB = 1024 * 1024
ROOM = 1.5
"""Room to grow: our share of the data, and what the users of the old server will write."""
STEP = 64 * MIB
EVENTS = "AKEg$lshzxetmd"
"""Classes of keyspace events since Redis 6.0."""
UNPACKED = 10
"""How much larger than its dump a data set is at most, in most cases: used where the dump does not say it."""


def of_server(facts: ServerFacts) -> RedisSettings:
    """Return the settings for the data of a running server: at least its limit and its number of databases.

    A server that may drop keys when it is full goes on doing so. One that never saves gets omnimind's save points.
    """
    memory = max(_roomy(facts.used_memory), facts.max_memory)
    policy = facts.eviction if facts.max_memory and facts.eviction else "noeviction"
    databases = max(16, facts.database_limit or 0, facts.databases)
    fsync, events = facts.append_fsync or DEFAULT.append_fsync, _known_events(facts.keyspace_events or "")
    return RedisSettings(memory, databases, policy, facts.save_points or DEFAULT.save, facts.aof, fsync, events)


def of_backup(used_memory: int, file_bytes: int, append_only: bool, databases: int = 0) -> RedisSettings:
    """Return the settings for a backup: from the memory that its writer used, 0 where it does not say it.

    A server that wrote append-only files goes on writing them. `databases` is the number that the keys need.
    """
    memory = _roomy(used_memory or file_bytes * UNPACKED)
    return RedisSettings(memory, max(16, databases), append_only=append_only)


def _known_events(flags: str) -> str:
    """Return the classes of keyspace events that every supported server knows: another one ends its start."""
    return "".join(flag for flag in flags if flag in EVENTS)


def _roomy(used: int) -> int:
    return max(REDIS_MEMORY, -(-int(used * ROOM) // STEP) * STEP)
