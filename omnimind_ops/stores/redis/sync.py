"""Take a dump of a live server as a replica does (SYNC). This needs no access to its data folder and stops no client.

`redis-cli --rdb` does the same, but shows no progress and fails on a Valkey 9 with data in its own format ("Error
reading bulk length"): Valkey 9 writes its full format only for a replica that reports its version.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from omnimind_ops.model.event import Tell, line, progress
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.connection import as_bytes, connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import read_facts
from omnimind_ops.stores.redis.rdb import RdbFacts, rdb_facts
from omnimind_ops.stores.redis.replication import ReplicaLink

DELAY = "repl-diskless-sync-delay"


def fetch_rdb(endpoint: RedisEndpoint, target: Path, tell: Tell, step: str = "", timeout: float = 120) -> RdbFacts:
    """Write the dump of a live server to `target` (mode 0600) and return its facts. Header and end are checked; the
    file is synced.

    `timeout`: seconds without a byte. A server with `repl-diskless-sync no` (the default before 7.0) first writes a
    dump.rdb in its own folder; a line event reports this. A server with `yes` waits for `repl-diskless-sync-delay` (5 s
    by default) before it begins.
    """
    with connect(endpoint) as connection:
        facts = read_facts(connection)
    if facts.diskless_sync is False:
        tell(
            line(
                step,
                f"Redis at {endpoint} first writes a dump to its own folder {facts.directory}, because "
                "repl-diskless-sync is off",
            )
        )
    partial = target.with_name(f".{target.name}.part")
    try:
        _receive(endpoint, partial, tell, step, timeout)
        rdb = rdb_facts(partial)
        partial.replace(target)
    except OSError as error:
        raise Problem(
            f"cannot take a dump of Redis at {endpoint}",
            str(error),
            "read the server's log, then run the same command again",
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return rdb


def _receive(endpoint: RedisEndpoint, partial: Path, tell: Tell, step: str, timeout: float) -> None:
    """Write what the server sends to a replica to `partial`, synced."""
    with open(partial, "wb", opener=_open_private) as file, closing(ReplicaLink(endpoint, timeout)) as link:
        link.announce(("capa", "eof"), ("version", "255.255.255"), ("rdb-only", "1"))
        link.send("SYNC")
        size, chunks = link.dump(link.line())
        done = 0
        for chunk in chunks:
            file.write(chunk)
            done += len(chunk)
            tell(progress(step, "take a dump of Redis", done, size))
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def without_delay(source: RedisEndpoint) -> Iterator[None]:
    """Let a dump begin at once: the server waits 5 s for more replicas, all of it downtime.

    This changes a setting of the running server, which is restored afterwards.
    """
    with connect(source) as connection:
        reply = connection.try_call("CONFIG", "GET", DELAY, forbidden=True)
        original = as_bytes(reply[1]).decode() if isinstance(reply, list) and len(reply) == 2 else "0"
        is_changed = original != "0" and connection.allows("CONFIG", "SET", DELAY, "0")
    try:
        yield
    finally:
        if is_changed:
            with connect(source) as connection:
                connection.call("CONFIG", "SET", DELAY, original)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
