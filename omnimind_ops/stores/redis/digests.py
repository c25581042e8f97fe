"""Digests of single values: equal for equal values, whatever the server's version and encoding."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from hashlib import blake2b

from omnimind_ops.stores.redis.connection import Connection
from omnimind_ops.stores.redis.keys import Key
from omnimind_ops.stores.redis.streams import read_entries, read_state
from omnimind_ops.stores.redis.values import Parts

MODULUS = 1 << 128


def hash_of(parts: Iterable[bytes]) -> bytes:
    """Return the digest of words in their order."""
    return blake2b(_frame(parts), digest_size=16).digest()


def number_of(parts: Iterable[bytes]) -> int:
    """Return the digest of words as a number, which can be added to others."""
    return int.from_bytes(hash_of(parts), "big")


def sum_digest(numbers: Iterable[int]) -> bytes:
    """Return the digest of items without an order."""
    return (sum(numbers) % MODULUS).to_bytes(16, "big")


def digest_stream(connection: Connection, key: Key) -> bytes:
    """Return the digest of a stream's entries, ids, groups, consumers and pending entries."""
    digest = blake2b(digest_size=16)
    for piece in read_entries(connection, key.name):
        for id_, fields in piece:
            digest.update(_frame([id_, *fields]) + b";")
    state = read_state(connection, key.name)
    digest.update(b"state" + _frame([state.last_id]))
    for group in state.groups:
        digest.update(b"group" + _frame([group.name, group.last_delivered]) + b"consumers" + _frame(group.consumers))
        for pending in group.pending:
            digest.update(b"pending" + _frame([pending.id, pending.consumer, b"%d" % pending.deliveries]))
    return digest.digest()


def score_bytes(text: bytes) -> bytes:
    """Return a score as the bytes of its double.

    Servers print the same score as "0.1" or "0.10000000000000001". Minus zero is zero: Redis sorts both alike, finds
    both by either, and since 7.0 forgets the sign in a small set.
    """
    return struct.pack(">d", float(text) + 0.0)


def _digest_string(parts: Parts) -> bytes:
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(part[0])
    return digest.digest()


def _digest_list(parts: Parts) -> bytes:
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(_frame(part))
    return digest.digest()


def _digest_set(parts: Parts) -> bytes:
    return sum_digest(number_of([member]) for part in parts for member in part)


def _digest_hash(parts: Parts) -> bytes:
    return sum_digest(number_of([part[at], part[at + 1]]) for part in parts for at in range(0, len(part), 2))


def _digest_sorted_set(parts: Parts) -> bytes:
    return sum_digest(
        number_of([part[at], score_bytes(part[at + 1])]) for part in parts for at in range(0, len(part), 2)
    )


DIGESTS: dict[str, Callable[[Parts], bytes]] = {
    "string": _digest_string,
    "list": _digest_list,
    "set": _digest_set,
    "hash": _digest_hash,
    "zset": _digest_sorted_set,
}


def _frame(parts: Iterable[bytes]) -> bytes:
    """Join words so that no two different sequences give the same bytes."""
    return b"".join([b"%d:%b" % (len(word), word) for word in parts])
