"""All keys of a database in batches, with name, type, absolute expiry and size, in few round trips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from omnimind_ops.stores.redis.connection import Command, Connection, Reply, as_bytes, as_bytes_list, as_int, as_list

SIZES = {"string": "STRLEN", "list": "LLEN", "set": "SCARD", "hash": "HLEN", "zset": "ZCARD", "stream": "XLEN"}
BATCH = 1000
NEVER = -1
MISSING = -2
ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    `expires` is the exact, absolute expiry in unix milliseconds; NEVER (-1) without a time to live. `size` is in bytes
    for a string, in elements for other types, 0 for a type outside the six known ones.
    """

    db: int
    name: bytes
    type: str
    expires: int
    size: int

    def __str__(self) -> str:
        return f"{self.name.decode(errors='backslashreplace')!r} in db {self.db}"


def used_databases(connection: Connection) -> list[int]:
    """Return the numbers of the databases that hold keys."""
    lines = as_bytes(connection.call("INFO", "keyspace")).decode().splitlines()
    return [int(line[2 : line.index(":")]) for line in lines if line.startswith("db")]


def server_time(connection: Connection) -> int:
    """Return the server's clock in unix milliseconds."""
    return _to_milliseconds(connection.call("TIME"))


def scan_keys(connection: Connection, db: int) -> Iterator[list[Key]]:
    """Yield every key of a database once, in batches. Uses about 90 bytes of memory per key to drop the duplicates of
    SCAN.

    SCAN returns every key that exists from start to end. Keys that vanish between two commands are left out.
    The connection stays on that database; a consumer may use it between two batches.
    """
    absolute = connection.supports("PEXPIRETIME")
    known_hashes: set[int] = set()
    cursor: bytes = b"0"
    while True:
        connection.select(db)
        reply = as_list(connection.call("SCAN", cursor, "COUNT", BATCH))
        names = [name for name in as_bytes_list(reply[1]) if _is_new(name, known_hashes)]
        if names:
            yield _read_keys(connection, db, names, absolute=absolute)
        cursor = as_bytes(reply[0])
        if cursor == b"0":
            return


def _is_new(name: bytes, known_hashes: set[int]) -> bool:
    mark = int.from_bytes(blake2b(name, digest_size=8).digest(), "big")
    if mark in known_hashes:
        return False
    known_hashes.add(mark)
    return True


def _read_keys(connection: Connection, db: int, names: Sequence[bytes], *, absolute: bool) -> list[Key]:
    types = [as_bytes(reply).decode() for reply in connection.pipeline([("TYPE", name) for name in names])]
    existing = [(name, type_) for name, type_ in zip(names, types, strict=True) if type_ != "none"]
    names = [name for name, _ in existing]
    expires = _expire_times(connection, names) if absolute else _expire_times_from_ttl(connection, names)
    sizes = iter(
        connection.pipeline([(SIZES[type_], name) for name, type_ in existing if type_ in SIZES], retyped=True)
    )
    measured = [next(sizes) if type_ in SIZES else 0 for _, type_ in existing]
    return [
        Key(db, name, type_, expiry, as_int(size))
        for (name, type_), expiry, size in zip(existing, expires, measured, strict=True)
        if expiry != MISSING and size is not None
    ]


def _expire_times(connection: Connection, names: Sequence[bytes]) -> list[int]:
    return [as_int(reply) for reply in connection.pipeline([("PEXPIRETIME", name) for name in names])]


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
