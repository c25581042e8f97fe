"""All keys of a database in batches, with name, type, absolute expiry and size, in few round trips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import cast

from omnimind_ops.stores.redis.connection import Command, Connection, Reply, as_bytes, as_bytes_list, as_int, as_list

SIZES = {"string": "STRLEN", "list": "LLEN", "set": "SCARD", "hash": "HLEN", "zset": "ZCARD", "stream": "XLEN"}
BATCH = 1000
NEVER = -1
MISSING = -2
ATTEMPTS = 20
VANISHED = (-1, -1)


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    `expires` is the exact, absolute expiry in unix milliseconds; NEVER (-1) without a time to live. `size` is in
    elements, 0 for a string and for a type outside the six known ones; `memory` is in bytes, 0 where the server does
    not say it.
    """

    db: int
    name: bytes
    type: str
    expires: int
    size: int
    memory: int = 0

    def __str__(self) -> str:
        return f"{self.name.decode(errors='backslashreplace')!r} in db {self.db}"


def used_databases(connection: Connection) -> list[int]:
    """Return the numbers of the databases that hold keys."""
    lines = as_bytes(connection.call("INFO", "keyspace")).decode().splitlines()
    return [int(line[2 : line.index(":")]) for line in lines if line.startswith("db")]


def server_time(connection: Connection) -> int:
    """Return the server's clock in unix milliseconds."""
    return _to_milliseconds(connection.call("TIME"))


def scan_keys(connection: Connection, db: int, *, duplicates: bool = False) -> Iterator[list[Key]]:
    """Yield every key of a database once, in batches. Uses about 90 bytes of memory per key to drop the duplicates of
    SCAN, unless `duplicates` are welcome.

    SCAN returns every key that exists from start to end. Keys that vanish between two commands are left out.
    The connection stays on that database; a consumer may use it between two batches.
    """
    known_hashes: set[int] = set()
    cursor: bytes = b"0"
    reader = KeyReader(connection)
    while True:
        connection.select(db)
        reply = as_list(connection.call("SCAN", cursor, "COUNT", BATCH))
        names = as_bytes_list(reply[1])
        if not duplicates:
            names = [name for name in names if _is_new(name, known_hashes)]
        if names:
            yield reader.read(db, names)
        cursor = as_bytes(reply[0])
        if cursor == b"0":
            return


def name_mark(name: bytes) -> int:
    """Return a number of 64 bits that stands for a name."""
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big")


def _is_new(name: bytes, known_hashes: set[int]) -> bool:
    mark = name_mark(name)
    if mark in known_hashes:
        return False
    known_hashes.add(mark)
    return True


class KeyReader:
    """Reads what a server says about keys by name."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.absolute = connection.supports("PEXPIRETIME")
        self.memory = connection.allows("MEMORY", "USAGE", "omnimind:none")

    def read(self, db: int, names: Sequence[bytes]) -> list[Key]:
        """Return the keys of these names that exist. The connection must be on their database."""
        count = len(names)
        replies = self.connection.pipeline(
            [("TYPE", name) for name in names] + ([("PEXPIRETIME", name) for name in names] if self.absolute else [])
        )
        types = [as_bytes(reply).decode() for reply in replies[:count]]
        existing = [name for name, type_ in zip(names, types, strict=True) if type_ != "none"]
        if self.absolute:
            expiries = dict(zip(names, cast(list[int], replies[count:]), strict=True))
        else:
            expiries = dict(zip(existing, _expire_times_from_ttl(self.connection, existing), strict=True))
        sizes = self._sizes([(name, type_) for name, type_ in zip(names, types, strict=True) if type_ in SIZES])
        return [
            Key(db, name, type_, expiries[name], *sizes.get(name, (0, 0)))
            for name, type_ in zip(names, types, strict=True)
            if type_ != "none" and expiries[name] != MISSING and sizes.get(name) != VANISHED
        ]

    def _sizes(self, typed: Sequence[tuple[bytes, str]]) -> dict[bytes, tuple[int, int]]:
        """Return (elements, bytes) of each key that is not a string; VANISHED for one that has another type now."""
        keys = [(name, type_) for name, type_ in typed if type_ != "string"]
        if not keys:
            return {}
        commands: list[Command] = [(SIZES[type_], name) for name, type_ in keys]
        if self.memory:
            commands += [("MEMORY", "USAGE", name) for name, _ in keys]
        replies = self.connection.pipeline(commands, retyped=True)
        memory = replies[len(keys) :] or [0] * len(keys)
        return {
            name: VANISHED if size is None else (as_int(size), as_int(used or 0))
            for (name, _), size, used in zip(keys, replies[: len(keys)], memory, strict=True)
        }


def _expire_times_from_ttl(connection: Connection, names: Sequence[bytes], group: int = 50) -> list[int]:
    """Return exact expire times on servers before 7.0, which only report the time left.

    PTTL is the expiry minus the server's clock. Between two TIMEs that show the same millisecond, the sum is exact.
    Otherwise ask again for fewer keys at a time; the last attempt accepts any result, which may be one millisecond off.
    """
    expiries = {
        name: as_int(reply)
        for name, reply in zip(names, connection.pipeline([("PTTL", name) for name in names]), strict=True)
    }
    missing = [name for name, left in expiries.items() if left >= 0]
    for attempt in range(ATTEMPTS):
        count = max(1, group >> attempt)
        for chunk in [missing[at : at + count] for at in range(0, len(missing), count)]:
            commands: list[Command] = [("TIME",), *(("PTTL", name) for name in chunk), ("TIME",)]
            before, *left, after = connection.pipeline(commands)
            if _to_milliseconds(before) == _to_milliseconds(after) or attempt == ATTEMPTS - 1:
                expiries |= {
                    name: _to_milliseconds(after) + as_int(ttl) if as_int(ttl) >= 0 else as_int(ttl)
                    for name, ttl in zip(chunk, left, strict=True)
                }
                missing = [name for name in missing if name not in set(chunk)]
    return [expiries[name] for name in names]


def _to_milliseconds(reply: Reply) -> int:
    seconds, micros = as_list(reply)
    return as_int(seconds) * 1000 + as_int(micros) // 1000
