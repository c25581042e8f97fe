"""Which keys came, changed or vanished since a dump: the dump is served beside the live server and compared with it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from omnimind_ops.stores.redis.connection import Connection, connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import server_facts
from omnimind_ops.stores.redis.keys import NEVER, Key, scan_keys, server_time, used_databases
from omnimind_ops.stores.redis.rdb import DUMP_NAME
from omnimind_ops.stores.redis.scratch import SERVER, fresh_folder, serve
from omnimind_ops.stores.redis.streams import read_entries
from omnimind_ops.stores.redis.values import read_values

MOST_KEYS = 200_000
MOST_BYTES = 512 << 20
SOON = 3_600_000
"""Milliseconds. Keys that expire before are left out: rate limits and probes come and go by themselves."""


@dataclass(frozen=True)
class KeyChanges:
    """Numbers of keys."""

    came: int
    changed: int
    vanished: int


def too_large(native: RedisEndpoint) -> str:
    """Return why a server is not compared key by key, "" if it is small enough to do that while it serves."""
    facts = server_facts(native)
    if facts.total_keys > MOST_KEYS:
        return f"more than {MOST_KEYS:,} keys"
    return f"more than {MOST_BYTES >> 20} MB" if facts.used_memory > MOST_BYTES else ""


def key_changes(native: RedisEndpoint, dump: Path, workdir: Path, server_program: str = SERVER) -> KeyChanges:
    """Compare the keys of a live server with those of a dump. A key that expired meanwhile has not vanished."""
    folder = fresh_folder(workdir)
    shutil.copyfile(dump, folder / DUMP_NAME)
    databases = max(16, server_facts(native).database_limit or 0)
    with serve(server_program, folder, databases=databases) as scratch:
        before = dict(_digests(scratch))
        came = changed = 0
        for key, digest in _digests(native):
            old = before.pop(key, None)
            came += old is None
            changed += old not in (None, digest)
    return KeyChanges(came, changed, len(before))


def _digests(endpoint: RedisEndpoint) -> Iterator[tuple[bytes, bytes]]:
    """Yield a hash of each key's name and database, and one of its value and expiry."""
    with connect(endpoint) as connection:
        soon = server_time(connection) + SOON
        for db in used_databases(connection):
            for batch in scan_keys(connection, db):
                yield from _batch(connection, [key for key in batch if key.expires == NEVER or key.expires >= soon])


def _batch(connection: Connection, batch: list[Key]) -> Iterator[tuple[bytes, bytes]]:
    for key, parts in read_values(connection, batch):
        paired = key.type in ("hash", "zset")
        total = count = 0
        for part in parts:
            for at in range(0, len(part), 2 if paired else 1):
                place = b"%d" % count if key.type == "list" else b""
                total += _number(place, *part[at : at + (2 if paired else 1)])
                count += 1
        yield _name(key), _hash(key.type.encode(), b"%d" % key.expires, b"%x" % total)
    for key in batch:
        if key.type == "stream":
            total = sum(_number(id, *fields) for piece in read_entries(connection, key.name) for id, fields in piece)
            yield _name(key), _hash(b"stream", b"%d" % key.expires, b"%x" % total)


def _name(key: Key) -> bytes:
    return _hash(b"%d" % key.db, key.name)


def _number(*parts: bytes) -> int:
    return int.from_bytes(_hash(*parts), "big")


def _hash(*parts: bytes) -> bytes:
    return blake2b(b"".join(b"%d:%b" % (len(part), part) for part in parts), digest_size=16).digest()
