"""How long the writes of the old server will be held, asked before anything stops: from what it did itself, its size,
and a sample that is read while it serves.
"""

from __future__ import annotations

import time
from itertools import islice

from omnimind_ops.stores.redis.connection import Connection, connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import ServerFacts, read_facts
from omnimind_ops.stores.redis.handover import persistence
from omnimind_ops.stores.redis.keys import scan_keys, used_databases
from omnimind_ops.stores.redis.values import read_values

WORTH_SAYING = 2.0
"""Seconds."""
SAVED_A_SECOND = 100_000_000
"""Bytes of memory that a server saves, where it has not saved yet."""
PLACED_A_SECOND = 60_000_000
"""Bytes of memory that are dumped, placed and loaded where the native server does not have them before."""
SAMPLE_BATCHES = 10


def held(endpoint: RedisEndpoint, *, hot: bool, save_first: bool) -> str:
    """Return a sentence for the plan if writes are held for long, "" if not."""
    with connect(endpoint) as connection:
        facts = read_facts(connection)
        parts = [
            (_saving(connection, facts, save_first=save_first), "the old Redis saves its data for the last time"),
            (_copying(connection, facts), "all keys are copied, because it lets nobody follow its changes (PSYNC)"),
            (0.0 if hot else facts.used_memory / PLACED_A_SECOND, "the native Redis loads a dump of the data"),
        ]
    return sentence(parts)


def sentence(parts: list[tuple[float, str]]) -> str:
    """Return the sentence for these reasons, each with its seconds."""
    total = sum(seconds for seconds, _ in parts)
    if total <= WORTH_SAYING:
        return ""
    reasons = "; ".join(f"{reason}: {seconds:.0f} s" for seconds, reason in parts if seconds >= 0.5)
    return (
        f"Redis' writes will be held for about {total:.0f} s ({reasons}). Choose the hour (--at), or begin with an "
        "empty Redis (--redis empty)"
    )


def _saving(connection: Connection, facts: ServerFacts, *, save_first: bool) -> float:
    if facts.aof or not (facts.save_points or save_first):
        return 0.0
    last = float(persistence(connection).get("rdb_last_bgsave_time_sec", "-1"))
    return max(last, facts.used_memory / SAVED_A_SECOND)


def _copying(connection: Connection, facts: ServerFacts) -> float:
    """Return 0 if changes can be followed, else how long all keys take at the speed of some."""
    if connection.try_call("COMMAND", "INFO", "PSYNC", refused=True) not in (None, [None]):
        return 0.0
    began, count = time.monotonic(), 0
    for db in used_databases(connection)[:1]:
        for batch in islice(scan_keys(connection, db), SAMPLE_BATCHES):
            for _, parts in read_values(connection, batch):
                for _ in parts:
                    pass
            count += len(batch)
    return facts.total_keys * (time.monotonic() - began) * 2 / max(1, count)  # to write them takes as long
