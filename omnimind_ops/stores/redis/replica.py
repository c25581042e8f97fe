"""A scratch server as a replica of the old one: it takes the data itself, in the format that both know."""

from __future__ import annotations

import time

from omnimind_ops.model.event import Tell, progress
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.changes import master_offset
from omnimind_ops.stores.redis.connection import Connection, as_bytes, connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint

SILENCE_SECONDS = 120.0
"""How long a replica may make no progress."""


def follow(replica: RedisEndpoint, source: RedisEndpoint) -> None:
    """Make an empty server a replica of the source."""
    with connect(replica) as connection:
        if source.username:
            connection.call("CONFIG", "SET", "masteruser", source.username)
        if source.password:
            connection.call("CONFIG", "SET", "masterauth", source.password)
        connection.call("CONFIG", "SET", "repl-diskless-load", "disabled")
        connection.call("REPLICAOF", source.host, source.port)


def wait_until_linked(replica: RedisEndpoint, tell: Tell, step: str = "") -> None:
    """Wait until the replica has loaded the dump and receives changes."""
    with connect(replica) as connection:
        observed, end = "", time.monotonic() + SILENCE_SECONDS
        while (state := _replication(connection)).get("master_link_status") != "up":
            mark = ",".join(state.get(name, "") for name in ("master_sync_read_bytes", "loading_loaded_bytes"))
            if mark != observed:
                observed, end = mark, time.monotonic() + SILENCE_SECONDS
            elif time.monotonic() > end:
                raise _stuck(replica, "its link to the old server does not come up")
            read, total = (int(state.get(f"master_sync_{name}_bytes", 0)) for name in ("read", "total"))
            tell(progress(step, "replicate Redis", max(0, read), total if total > 0 else None))
            time.sleep(0.1)


def promote(replica: RedisEndpoint, source: Connection) -> None:
    """Wait until the replica has everything that the source has done, and make it independent. Nobody may write to the
    source any more.
    """
    target = master_offset(source)
    with connect(replica) as connection:
        end = time.monotonic() + SILENCE_SECONDS
        while int(_replication(connection).get("slave_repl_offset", 0)) < target:
            if time.monotonic() > end:
                raise _stuck(replica, f"it has not received byte {target} of the old server's changes")
            time.sleep(0.002)
        connection.call("REPLICAOF", "NO", "ONE")


def _replication(connection: Connection) -> dict[str, str]:
    lines = as_bytes(connection.call("INFO")).decode(errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _stuck(replica: RedisEndpoint, why: str) -> Problem:
    return Problem(
        f"cannot replicate Redis to {replica}",
        why,
        "read the old server's log (docker logs), then run the same command again",
    )
