"""Values of keys in parts of limited size: a batch of small keys costs one round trip, a large key is read in
several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from omnimind_ops.stores.redis.connection import Command, Connection, as_bytes, as_bytes_list, as_int, as_list
from omnimind_ops.stores.redis.keys import Key

MAX_ELEMENTS = 2000  # elements read in one reply
PIECE = 1000
STRING_BYTES = 32 << 20  # bytes of strings read at once

Parts = Iterator[list[bytes]]
"""Flat parts: [value] of a string, members of a set, elements of a list in order, field and value of a hash, member and
score of a sorted set.
"""


def read_values(connection: Connection, keys: Sequence[Key]) -> Iterator[tuple[Key, Parts]]:
    """Yield each key of the five plain types with its parts. Use the parts before the next key. streams.py reads
    streams.

    The connection must be on the keys' database. A key that has vanished has no parts.
    """
    for group in _groups([key for key in keys if key.type == "string"]):
        for key, value in zip(group, as_bytes_list(connection.call("MGET", *(key.name for key in group))), strict=True):
            if value is not None:
                yield key, iter([[value]])
    for group in _groups([key for key in keys if key.type in READ_COMMANDS]):
        replies = connection.pipeline([READ_COMMANDS[key.type](key.name) for key in group], retyped=True)
        for key, reply in zip(group, replies, strict=True):
            if reply:
                yield key, iter([as_bytes_list(reply)])
    for key in keys:
        if key.type in READ_COMMANDS and _is_large(key):
            yield key, _read_in_pieces(connection, key)


READ_COMMANDS: dict[str, Callable[[bytes], Command]] = {
    "list": lambda name: ("LRANGE", name, 0, -1),
    "set": lambda name: ("SMEMBERS", name),
    "hash": lambda name: ("HGETALL", name),
    "zset": lambda name: ("ZRANGE", name, 0, -1, "WITHSCORES"),
}


def _is_large(key: Key) -> bool:
    return key.type != "string" and key.size > MAX_ELEMENTS


def _groups(keys: Sequence[Key]) -> Iterator[list[Key]]:
    """Split small keys into groups, so that one reply is limited in bytes (strings) or elements (other types)."""
    group: list[Key] = []
    weight = 0
    for key in keys:
        if _is_large(key):
            continue
        cost = key.size if key.type == "string" else key.size * (STRING_BYTES // 50_000)
        if group and weight + cost > STRING_BYTES:
            yield group
            group, weight = [], 0
        group.append(key)
        weight += cost
    if group:
        yield group


def _read_in_pieces(connection: Connection, key: Key) -> Parts:
    if key.type in ("list", "zset"):
        yield from _by_index(connection, key)
    else:
        yield from _by_cursor(connection, key)


def _by_index(connection: Connection, key: Key) -> Parts:
    for start in range(0, 1 << 62, PIECE):
        command: Command = ("LRANGE", key.name, start, start + PIECE - 1)
        if key.type == "zset":
            command = ("ZRANGE", key.name, start, start + PIECE - 1, "WITHSCORES")
        part = as_bytes_list(connection.call(*command))
        if not part:
            return
        yield part


def _by_cursor(connection: Connection, key: Key) -> Parts:
    """Read a large set or hash with SSCAN or HSCAN, without the cursor's duplicates."""
    known: set[bytes] = set()
    cursor = b"0"
    step = 2 if key.type == "hash" else 1
    while True:
        reply = as_list(connection.call("HSCAN" if key.type == "hash" else "SSCAN", key.name, cursor, "COUNT", PIECE))
        flat = as_bytes_list(reply[1])
        part: list[bytes] = []
        for at in range(0, len(flat), step):
            if flat[at] not in known:
                known.add(flat[at])
                part += flat[at : at + step]
        if part:
            yield part
        cursor = as_bytes(reply[0])
        if cursor == b"0":
            return


def field_expiries(connection: Connection, key: Key, fields: Sequence[bytes]) -> list[int]:
    """Return the expiry of each field of a hash, in the format of Key.expires. Uses a command that needs Redis 7.4,
    Valkey 9 or newer.
    """
    return [
        as_int(reply) for reply in as_list(connection.call("HPEXPIRETIME", key.name, "FIELDS", len(fields), *fields))
    ]
