"""Backups of Redis that real servers made, and what they hold in the tests' own words."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omnimind_ops.model.event import Event
from omnimind_ops.stores.redis.backup import read_backup
from omnimind_ops.stores.redis.proof import RedisProof, prove_backup
from tests.stores.redis.servers import REDIS, client, served

MADE = Path(__file__).parents[2] / "fixtures/redis-made"
"""Files that Redis 7.0.15 wrote: every one holds the same 301 keys."""
VERSION = "7.0.15"
KEYS = 500


def silent(event: Event) -> None:
    """Tell nobody."""


@contextmanager
def filled(folder: Path, *settings: str, first: int = 0, count: int = KEYS) -> Iterator[Any]:
    """A server whose data folder is this, with numbered keys of several types in two databases."""
    folder.mkdir(exist_ok=True)
    with served(REDIS, "--databases", "32", *settings, folder=folder) as endpoint:
        connected = client(endpoint)
        write(connected, range(first, first + count))
        client(endpoint, 20).set("elsewhere", "value")
        yield connected


def write(connected: Any, numbers: range) -> None:
    """Write one key by number: text, numbers, hashes, lists."""
    for n in numbers:
        if n % 5 == 0:
            connected.hset(f"key {n}", mapping={"name": f"value {n}", "number": n})
        elif n % 5 == 1:
            connected.rpush(f"key {n}", n, f"value {n}", "x" * 80)
        else:
            connected.set(f"key {n}", f"value {n}" * 3)


def dump_of(folder: Path, *settings: str, count: int = KEYS) -> Path:
    """A dump."""
    with filled(folder, *settings, count=count) as connected:
        connected.save()
    return folder / "dump.rdb"


def append_only(folder: Path, name: str = "appendonly.aof", *, count: int = KEYS) -> Path:
    """A data folder with append-only files, as a clean stop without save points leaves it."""
    with filled(folder, "--appendonly", "yes", "--appendfilename", name, "--appendfsync", "always", count=count):
        pass
    return folder


def proven(path: Path, work: Path) -> RedisProof:
    """Load a backup as the migration does before anything stops."""
    work.mkdir(exist_ok=True)
    return prove_backup(read_backup(path), VERSION, work, work / "made.rdb", silent)


def census(rdb: Path, work: Path) -> dict[tuple[int, bytes], object]:
    """Return every key of a dump with its value, read over redis-py from a server that the tests start."""
    folder = work / "census"
    folder.mkdir()
    shutil.copy(rdb, folder / "dump.rdb")
    with served(REDIS, "--databases", "32", folder=folder) as endpoint:
        results = {}
        for db in range(32):
            connected = client(endpoint, db)
            results.update({(db, name): _value(connected, name) for name in connected.scan_iter(count=1000)})
    shutil.rmtree(folder)
    return results


def _value(connected: Any, name: bytes) -> object:
    kind = connected.type(name)
    read = {b"string": connected.get, b"hash": connected.hgetall, b"list": lambda key: connected.lrange(key, 0, -1)}
    return read[kind](name), connected.pexpiretime(name)
