"""Values of keys in parts of limited size: a batch of small keys costs one round trip, a large key is read in several.

What a server has to hold for us at one time is limited in bytes, not in elements: the replies that we have not read yet
are part of its memory, and a server at its limit drops keys or dies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from omnimind_ops.stores.redis.connection import Command, Connection, as_bytes, as_bytes_list, as_int, as_list
from omnimind_ops.stores.redis.keys import Key, name_mark

MAX_ELEMENTS = 2000  # elements read in one reply
PIECE_BYTES = 2 << 20  # bytes of one reply, of a large key
EXCHANGE_BYTES = 4 << 20  # bytes of all replies that are asked for at once
HEAD_BYTES = 16 << 10  # bytes of a string that are asked for without knowing its length
GROWTH = 4  # factor from one piece to the next

Parts = Iterator[list[bytes]]
"""Flat parts: [bytes] of a string, in order; members of a set, elements of a list in order, field and value of a hash,
member and score of a sorted set.
"""


def read_values(connection: Connection, keys: Sequence[Key]) -> Iterator[tuple[Key, Parts]]:
    """Yield each key of the five plain types with its parts. Use the parts before the next key. streams.py reads
    streams.

    The connection must be on the keys' database. A key that has vanished has no parts, or an empty one.
    """
    yield from _read_strings(connection, [key for key in keys if key.type == "string"])
    small = [key for key in keys if key.type in READ_COMMANDS and not _is_large(key)]
    for group in _groups(small, [max(key.memory, key.size) for key in small]):
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
    return key.size > MAX_ELEMENTS or key.memory > PIECE_BYTES


def _read_strings(connection: Connection, keys: Sequence[Key]) -> Iterator[tuple[Key, Parts]]:
    """Yield strings. Most are shorter than a head, which needs no question about their length."""
    long: list[Key] = []
    at_once = EXCHANGE_BYTES // HEAD_BYTES
    for at in range(0, len(keys), at_once):
        group = keys[at : at + at_once]
        heads = connection.pipeline([("GETRANGE", key.name, 0, HEAD_BYTES - 1) for key in group], retyped=True)
        for key, head in zip(group, heads, strict=True):
            if head is None:
                continue
            if len(value := as_bytes(head)) < HEAD_BYTES:
                yield key, iter([[value]])
            else:
                long.append(key)
    replies = connection.pipeline([("STRLEN", key.name) for key in long], retyped=True)
    lengths = [as_int(reply or 0) for reply in replies]
    whole = [(key, length) for key, length in zip(long, lengths, strict=True) if length <= PIECE_BYTES]
    known = dict(whole)
    for group in _groups([key for key, _ in whole], [length for _, length in whole]):
        commands: list[Command] = [("GETRANGE", key.name, 0, known[key] - 1) for key in group]
        for key, reply in zip(group, connection.pipeline(commands, retyped=True), strict=True):
            if reply is not None:
                yield key, iter([[as_bytes(reply)]])
    for key, length in zip(long, lengths, strict=True):
        if length > PIECE_BYTES:
            yield key, _by_offset(connection, key, length)


def _groups(keys: Sequence[Key], weights: Sequence[int]) -> Iterator[list[Key]]:
    """Split small keys into groups, so that the replies for one are limited in bytes."""
    group: list[Key] = []
    total = 0
    for key, weight in zip(keys, weights, strict=True):
        if group and total + weight > EXCHANGE_BYTES:
            yield group
            group, total = [], 0
        group.append(key)
        total += weight
    if group:
        yield group


def _read_in_pieces(connection: Connection, key: Key) -> Parts:
    if key.type in ("list", "zset"):
        yield from _by_index(connection, key)
    else:
        yield from _by_cursor(connection, key)


def _by_offset(connection: Connection, key: Key, length: int) -> Parts:
    for start in range(0, length, PIECE_BYTES):
        yield [as_bytes(connection.call("GETRANGE", key.name, start, min(start + PIECE_BYTES, length) - 1))]


def _by_index(connection: Connection, key: Key) -> Parts:
    start, count = 0, _first_count(key)
    while True:
        command: Command = ("LRANGE", key.name, start, start + count - 1)
        if key.type == "zset":
            command = ("ZRANGE", key.name, start, start + count - 1, "WITHSCORES")
        part = as_bytes_list(connection.call(*command))
        if not part:
            return
        yield part
        start += count
        count = _next_count(count, part)


def _by_cursor(connection: Connection, key: Key) -> Parts:
    """Read a large set or hash with SSCAN or HSCAN, without the cursor's duplicates."""
    known: set[int] = set()
    cursor, count = b"0", _first_count(key)
    step = 2 if key.type == "hash" else 1
    while True:
        reply = as_list(connection.call("HSCAN" if key.type == "hash" else "SSCAN", key.name, cursor, "COUNT", count))
        flat = as_bytes_list(reply[1])
        part: list[bytes] = []
        for at in range(0, len(flat), step):
            if (mark := name_mark(flat[at])) not in known:
                known.add(mark)
                part += flat[at : at + step]
        if part:
            yield part
        cursor, count = as_bytes(reply[0]), _next_count(count, flat)
        if cursor == b"0":
            return


def _first_count(key: Key) -> int:
    """Return the number of elements of the first piece: few, because elements may differ in size."""
    average = key.memory // key.size if key.size else 0
    return max(1, min(MAX_ELEMENTS, PIECE_BYTES // (GROWTH * max(average, 64))))


def _next_count(count: int, part: Sequence[bytes]) -> int:
    """Return the number of elements of the next piece, from the size of this one."""
    if not part:
        return count
    fitting = PIECE_BYTES * count // max(1, sum(map(len, part)))
    return max(1, min(MAX_ELEMENTS, fitting, count * GROWTH))


def field_expiries(connection: Connection, key: Key, fields: Sequence[bytes]) -> list[int]:
    """Return the expiry of each field of a hash, in the format of Key.expires. Uses a command that needs Redis 7.4,
    Valkey 9 or newer.
    """
    return [
        as_int(reply) for reply in as_list(connection.call("HPEXPIRETIME", key.name, "FIELDS", len(fields), *fields))
    ]
