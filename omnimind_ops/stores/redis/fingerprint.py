"""Counts and digests of a server's data. They are equal for equal data, whatever the server's version, encoding or copy
method.

Names: "db 0: keys of type hash", "db 0: keys with a time to live" (counts) and "db 0: content of type hash" (digest, 32
hex digits). A digest is the sum (mod 2^128) of one BLAKE2b per key over name, value and absolute expiry in
milliseconds, so the order of keys does not matter. Sets and hashes are order-free, lists are in order, scores are exact
doubles, streams include ids, last id, groups, consumers and pending entries. Keys that OmniMind's backend writes have
separate facts ("db 0: keys of type string below omnimind:embedding:"); backend_keys.py gives the reason. Left out,
because it changes by itself or cannot be copied: idle times, LFU/LRU, encodings, entries-added, pending entries without
an entry.

Keys that expire during the move must not look like a difference. Hash fields that expire before a given moment, the
`horizon`, are left out on both sides; keys that do are left out or counted by the minute (expiring.py). Use one horizon
for both fingerprints and compare before it passes; a fingerprint that ends after its horizon is refused.
"""

from __future__ import annotations

import struct
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from omnimind_ops.model.data import Fingerprint
from omnimind_ops.model.event import Tell, progress
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis import expiring
from omnimind_ops.stores.redis.backend_keys import fact_suffix
from omnimind_ops.stores.redis.connection import Connection, as_bytes, connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import read_facts
from omnimind_ops.stores.redis.functions import function_libraries
from omnimind_ops.stores.redis.keys import NEVER, SIZES, Key, scan_keys, server_time, used_databases
from omnimind_ops.stores.redis.streams import read_entries, read_state
from omnimind_ops.stores.redis.values import Parts, field_expiries, read_values

GRACE = 3600.0
MODULUS = 1 << 128


def choose_horizon(endpoint: RedisEndpoint, grace: float = GRACE) -> int:
    """Return the moment `grace` seconds ahead on the server's clock, in unix milliseconds.

    `grace` must be longer than the time between the start of the first fingerprint and the end of the last one.
    """
    with connect(endpoint) as connection:
        return server_time(connection) + round(grace * 1000)


def fingerprint(
    endpoint: RedisEndpoint, horizon: int, tell: Tell | None = None, step: str = "", *, minutes: bool = False
) -> Fingerprint:
    """Read all data and return counts and digests.

    Keys that expire before `horizon` (unix milliseconds) are left out, or with `minutes` counted by the minute. Reads about 50 000 to 100 000 small keys per second. Exact only while nobody writes. Raise Problem when the horizon
    has passed at the end.
    """
    counts: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    with connect(endpoint) as connection:
        facts = read_facts(connection)
        done = 0
        for db in used_databases(connection):
            for batch in scan_keys(connection, db):
                read = _Reading(connection, horizon, counts, sums, fields=facts.field_ttls is not False)
                read.add([key for key in batch if key.expires == NEVER or key.expires >= horizon])
                if minutes:
                    read.add_expiring([key for key in batch if NEVER < key.expires < horizon])
                done += len(batch)
                if tell:
                    tell(progress(step, "read Redis keys", done, max(done, facts.total_keys), "keys"))
        for name, code in function_libraries(connection):
            counts["function libraries"] += 1
            sums["function libraries"] += _hash_number([name, code])
        _check_horizon(connection, horizon)
    return Fingerprint("redis", dict(counts), {name: f"{value % MODULUS:032x}" for name, value in sums.items()})


def _check_horizon(connection: Connection, horizon: int) -> None:
    if server_time(connection) >= horizon:
        passed = time.strftime("%H:%M:%S UTC", time.gmtime(horizon / 1000))
        raise Problem(
            "cannot compare the Redis servers",
            f"the comparison ignores keys that expire before {passed}, and this time has passed",
            "run `omnimind migrate` again when the host is less busy",
        )


@dataclass(frozen=True)
class _Reading:
    """Where the facts of the keys are added up."""

    connection: Connection
    horizon: int
    counts: Counter[str]
    sums: Counter[str]
    fields: bool

    def add(self, batch: Sequence[Key]) -> None:
        """Add keys by their type."""
        for key, content in _digest_values(self.connection, batch, self.horizon, fields=self.fields):
            suffix = fact_suffix(key.name)
            self.counts[f"db {key.db}: keys of type {key.type}{suffix}"] += 1
            if key.expires != NEVER:
                self.counts[f"db {key.db}: keys with a time to live{suffix}"] += 1
            self.sums[f"db {key.db}: content of type {key.type}{suffix}"] += _key_number(key, content)

    def add_expiring(self, batch: Sequence[Key]) -> None:
        """Add keys by the minute of their expiry."""
        named = {key: name for key in batch if (name := expiring.fact_of(key))}
        for key, content in _digest_values(self.connection, tuple(named), self.horizon, fields=self.fields):
            self.counts[named[key]] += 1
            self.sums[named[key]] += _key_number(key, content)


def _key_number(key: Key, content: bytes) -> int:
    return _hash_number([key.name, b"%d" % key.expires, content])


def _digest_values(
    connection: Connection, batch: Sequence[Key], horizon: int, *, fields: bool
) -> Iterable[tuple[Key, bytes]]:
    """Yield each key that still exists with the digest of its value."""
    for key, parts in read_values(connection, batch):
        digest = (
            _digest_expiring_hash(connection, key, parts, horizon)
            if fields and key.type == "hash"
            else DIGESTS[key.type](parts)
        )
        if digest:
            yield key, digest
    for key in batch:
        if key.type == "stream":
            yield key, _digest_stream(connection, key)
        elif key.type not in SIZES and (dump := connection.call("DUMP", key.name)):
            # A module's type: its own serialisation, without version and checksum. Equal keys may differ, but different
            # keys never agree.
            yield key, _hash([as_bytes(dump)[:-10]])


def _digest_string(parts: Parts) -> bytes:
    return _hash(next(parts))


def _digest_list(parts: Parts) -> bytes:
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(_frame(part))
    return digest.digest()


def _digest_set(parts: Parts) -> bytes:
    return _sum_digest(_hash_number([member]) for part in parts for member in part)


def _digest_hash(parts: Parts) -> bytes:
    return _sum_digest(_hash_number([part[at], part[at + 1]]) for part in parts for at in range(0, len(part), 2))


def _digest_sorted_set(parts: Parts) -> bytes:
    """Return the digest of a sorted set. Scores are compared as doubles: servers print the same score as "0.1" or
    "0.10000000000000001".
    """
    return _sum_digest(
        _hash_number([part[at], struct.pack(">d", float(part[at + 1]))])
        for part in parts
        for at in range(0, len(part), 2)
    )


DIGESTS: dict[str, Callable[[Parts], bytes]] = {
    "string": _digest_string,
    "list": _digest_list,
    "set": _digest_set,
    "hash": _digest_hash,
    "zset": _digest_sorted_set,
}


def _digest_expiring_hash(connection: Connection, key: Key, parts: Parts, horizon: int) -> bytes:
    """Return the digest of a hash whose fields may expire; empty when no field outlives the horizon.

    Equal to `_by_pairs` when no field expires.
    """
    total, has_fields = 0, False
    for part in parts:
        for at, expires in zip(range(0, len(part), 2), field_expiries(connection, key, part[::2]), strict=True):
            if expires == NEVER or expires >= horizon:
                has_fields = True
                total += _hash_number(
                    [part[at], part[at + 1]] if expires == NEVER else [part[at], part[at + 1], b"%d" % expires]
                )
    return _sum_digest([total]) if has_fields else b""


def _digest_stream(connection: Connection, key: Key) -> bytes:
    digest = blake2b(digest_size=16)
    for piece in read_entries(connection, key.name):
        for id_, fields in piece:
            digest.update(_frame([id_, *fields]) + b";")
    state = read_state(connection, key.name)
    digest.update(b"state" + _frame([state.last_id]))
    for group in state.groups:
        digest.update(b"group" + _frame([group.name, group.last_delivered]) + b"consumers" + _frame(group.consumers))
        for owed in group.pending:
            digest.update(b"pending" + _frame([owed.id, owed.consumer, b"%d" % owed.deliveries]))
    return digest.digest()


def _frame(parts: Iterable[bytes]) -> bytes:
    """Join words so that no two different sequences give the same bytes."""
    return b"".join([b"%d:%b" % (len(word), word) for word in parts])


def _hash(parts: Iterable[bytes]) -> bytes:
    return blake2b(_frame(parts), digest_size=16).digest()


def _hash_number(parts: Iterable[bytes]) -> int:
    return int.from_bytes(_hash(parts), "big")


def _sum_digest(numbers: Iterable[int]) -> bytes:
    return (sum(numbers) % MODULUS).to_bytes(16, "big")
